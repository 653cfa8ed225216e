"""Recorded inputs come back as they were."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from powertraderd.errors import StoreDamaged
from powertraderd.model.inputs import from_text, to_text
from powertraderd.model.rules import StrategyRules
from powertraderd.strategy.decide import decide
from powertraderd.testing.coin_views import a_position, a_signal, coin_view


def test_a_view_comes_back_to_the_last_digit() -> None:
    """Money, times, signal, position and trail; and it decides the same."""
    view = coin_view(position=a_position(), signal=a_signal())
    view = replace(view, fee_rate=Decimal("0.0060000000000000001"))
    view = replace(view, now=view.now + timedelta(microseconds=1))
    back = from_text(to_text(view), "row 1")
    assert back == view
    assert str(back.fee_rate) == "0.0060000000000000001"
    assert decide(back, StrategyRules()) == decide(view, StrategyRules())


def test_what_is_unknown_stays_unknown() -> None:
    """None is not zero."""
    view = replace(coin_view(), quote=None, account_value=None, signal=None, last_close=None)
    assert from_text(to_text(view), "row 1") == view


@pytest.mark.parametrize("text", ["", "{}", "null", '{"coin": "BTC"'])
def test_text_that_is_no_view_is_refused_by_place(text: str) -> None:
    """With the place."""
    with pytest.raises(StoreDamaged, match="decision 7: the recorded inputs do not fit"):
        from_text(text, "decision 7")
