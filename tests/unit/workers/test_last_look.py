"""The last look before an order leaves: the file in the state directory, not what was told."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from powertraderd.model.candle import Coin
from powertraderd.model.decision import TradingState
from powertraderd.model.order import OrderSide, OrderState
from powertraderd.supervision import state_file
from powertraderd.supervision.state_file import DurableState
from powertraderd.workers.last_look import forbidden

BTC = Coin("BTC")
BUY, SELL = OrderSide.BUY, OrderSide.SELL
World = Any  # see conftest.py


@pytest.mark.parametrize(
    ("held", "told", "buy", "sell"),
    [
        (DurableState(), TradingState(), "", ""),
        (DurableState(paused=True, reason="tax"), TradingState(), "reducing: tax", ""),
        (DurableState(halted=True), TradingState(), *["halted: no reason given"] * 2),
        (DurableState(), TradingState(safe_mode=True), "reducing: no reason given", ""),
        (DurableState(), TradingState(halted=True), *["halted: no reason given"] * 2),
    ],
)
def test_the_stricter_of_the_file_and_what_was_told_counts(
    held: DurableState, told: TradingState, buy: str, sell: str, tmp_path: Path
) -> None:
    """Reducing forbids buys, halting everything."""
    state_file.save(tmp_path, held)
    assert (forbidden(tmp_path, told, BUY), forbidden(tmp_path, told, SELL)) == (buy, sell)


def test_a_file_that_cannot_be_believed_forbids_everything(tmp_path: Path) -> None:
    """No file at all is a fresh start; a damaged one is not."""
    assert forbidden(tmp_path, TradingState(), BUY) == ""
    (tmp_path / state_file.FILE_NAME).write_text("{", encoding="utf-8")
    assert "damaged" in forbidden(tmp_path, TradingState(), SELL)


def test_a_halt_that_nobody_told_the_trader_of_yet_stops_its_next_order(world: World) -> None:
    """The order was decided and its intent written; it ends REJECTED, and nothing was placed."""
    trader = world.start()
    world.say_long()
    state_file.save(world.folder, DurableState(halted=True, paused=True, reason="stop it"))
    world.tick(trader)
    assert world.line.asked == []
    (record,) = world.own_ledger().orders_since(world.clock.now().replace(hour=0))
    assert (record.state, record.refusal) == (OrderState.REJECTED, "held_back: halted: stop it")
    assert world.own_ledger().books().cash == Decimal(10_000)
    refused = world.ask(trader, "buy", coin=BTC, usd="50")
    assert refused.code == "order_refused"
    assert "stop it" in refused.message
