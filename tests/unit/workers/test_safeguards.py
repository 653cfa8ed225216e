"""The trader's own brakes, in the paper exchange's book: what is measured, and what follows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.supervision.channel import TradingState

BTC, ETH = Coin("BTC"), Coin("ETH")
World = Any  # see conftest.py
Trader = Any


def with_limits(world: World, **limits: object) -> Trader:
    """A trader with these limits."""
    risk = world.settings.risk.model_copy(update=limits)
    world.settings = world.settings.model_copy(update={"risk": risk})
    return world.start()


def newest(world: World) -> tuple[str, str]:
    """Action and reason of BTC's last decision."""
    row = world.ears.reports()[-1]["coins"][BTC]["decision"]
    return row["action"], row["reason_code"]


def safeguards(world: World) -> dict[str, Any]:
    """As reported last."""
    row: dict[str, Any] = world.ears.reports()[-1]["safeguards"]
    return row


def buy(world: World, trader: Trader, usd: str = "1000") -> None:
    """A person buys BTC, and the order settles."""
    answer = world.ask(trader, "buy", f"r-{world.clock.now().timestamp()}", coin=BTC, usd=usd)
    assert answer.ok, answer.message
    world.tick(trader)


def test_a_calm_trader_is_active_and_shows_its_ages(world: World) -> None:
    """Everything was read at the start, some seconds ago."""
    trader = with_limits(world)
    world.tick(trader, 3)
    row = safeguards(world)
    assert row["standing"] == "ACTIVE"
    assert row["brakes"] == []
    assert row["ages_s"] == {"account": 2, "products": 3, "fee": 3, "clock": 3}
    assert (row["realised_today"], row["drawdown_pct"]) == ("0", "0.0000")


@pytest.mark.parametrize("skew", [-6.0, 6.0])
def test_a_clock_that_is_off_reduces_until_it_is_right_again(world: World, skew: float) -> None:
    """No memory: the next comparison releases the brake."""
    world.line.skew = skew
    trader = with_limits(world)
    world.say_long()
    world.tick(trader)
    assert world.reports() == ()
    assert newest(world) == ("SKIP", "clock_skew")
    assert safeguards(world)["standing"] == "REDUCING"
    refused = world.ask(trader, "buy", coin=BTC, usd="50")
    assert (refused.ok, refused.code) == (False, "clock_skew")
    world.line.skew = 0.1
    world.tick(trader, seconds=301)
    world.say_long()
    world.tick(trader)
    assert safeguards(world)["standing"] == "ACTIVE"
    assert len(world.reports()) == 1


def test_the_day_s_loss_reduces_until_midnight_and_over_a_restart(world: World) -> None:
    """A loss by hand; the position of the other coin may still be left."""
    trader = with_limits(world, daily_loss_limit_usd=Decimal(100))
    buy(world, trader)
    world.market.put(BTC, "85")
    assert world.ask(trader, "sell", "s", coin=BTC, all=True).ok
    for _ in range(2):
        world.say_long(ETH)
        world.tick(trader)
        assert safeguards(world)["standing"] == "REDUCING"
        (brake,) = safeguards(world)["brakes"]
        assert brake["code"] == "daily_loss_limit"
        refused = world.ask(trader, "buy", "again", coin=ETH, usd="50")
        assert refused.code == "daily_loss_limit"
        trader = world.start()
    world.clock.advance(12 * 3600)
    world.tick(trader)
    assert safeguards(world)["standing"] == "ACTIVE"
    assert safeguards(world)["realised_today"] == "0"


def test_a_drawdown_halts_and_asks_the_supervisor_to_keep_it(world: World) -> None:
    """Nothing leaves from the same tick on, not even an exit."""
    trader = with_limits(world, max_drawdown_pct=Decimal(2), max_position_pct=None)
    buy(world, trader, "5000")
    world.market.put(BTC, "90")
    world.say_long(ETH)
    world.tick(trader)
    (reason,) = world.ears.halts()
    assert reason.startswith("drawdown: the account is 5.")
    assert newest(world) == ("HOLD", "halted")
    assert world.reports(ETH) == ()
    assert safeguards(world)["standing"] == "HALTED"


def test_an_unheard_halt_is_asked_for_again_also_by_the_next_trader(world: World) -> None:
    """The mark stays where it was until the supervisor has confirmed the halt."""
    trader = with_limits(world, max_drawdown_pct=Decimal(2), max_position_pct=None)
    buy(world, trader, "5000")
    world.market.put(BTC, "90")
    world.tick(trader, 2)
    assert len(world.ears.halts()) == 2
    trader = world.start()
    world.tick(trader)
    assert len(world.ears.halts()) == 3
    assert newest(world) == ("HOLD", "halted")


def test_who_resumes_after_a_drawdown_is_not_halted_again_by_the_same_loss(world: World) -> None:
    """But by the next one."""
    trader = with_limits(world, max_drawdown_pct=Decimal(2), max_position_pct=None)
    buy(world, trader, "5000")
    world.market.put(BTC, "90")
    world.tick(trader)
    world.context.trading = TradingState(halted=True, paused=True)
    world.tick(trader)
    world.context.trading = TradingState()
    halts = len(world.ears.halts())
    trader = world.start()
    world.tick(trader, 2)
    assert len(world.ears.halts()) == halts
    assert safeguards(world)["standing"] == "ACTIVE"
    world.market.put(BTC, "80")
    world.tick(trader)
    assert len(world.ears.halts()) == halts + 1


def test_the_peak_survives_a_restart(world: World) -> None:
    """A gain that was there is what the fall is measured from."""
    trader = with_limits(world, max_drawdown_pct=Decimal(3), max_position_pct=None)
    buy(world, trader, "5000")
    world.market.put(BTC, "110")
    world.tick(trader, 2, seconds=301)
    world.say_long(BTC, long=0)
    world.market.put(BTC, "103")
    trader = world.start()
    world.tick(trader)
    (reason,) = world.ears.halts()
    assert "below its peak" in reason


def test_candles_of_a_venue_that_disagrees_buy_nothing(world: World) -> None:
    """Both closes of the last hour; asked once an hour."""
    world.venue.apart_pct = -3.5
    trader = with_limits(world)
    world.say_long()
    world.tick(trader, 3)
    assert world.reports() == ()
    assert newest(world) == ("SKIP", "venue_divergence_limit")
    assert world.venue.asked == 2  # once for each coin
    world.venue.apart_pct = 1.0
    close_an_hour(world)
    world.say_long()
    world.tick(trader)
    assert len(world.reports()) == 1


def test_a_silent_venue_buys_nothing_until_it_speaks(world: World) -> None:
    """Unknown is not near; it is asked again after ten seconds, not at every tick."""
    world.venue.down = True
    trader = with_limits(world)
    world.say_long()
    world.tick(trader, 9)
    assert newest(world) == ("SKIP", "divergence_unknown")
    assert world.venue.asked == 2
    world.venue.down = False
    world.tick(trader, 2)
    assert len(world.reports()) == 1


def test_an_hour_that_the_venue_lacks_leaves_the_one_before_it_for_a_while(world: World) -> None:
    """No trade there means no candle; three hours later the comparison is too old."""
    trader = with_limits(world)
    world.tick(trader)
    world.venue.down = True
    for hours in range(1, 5):
        close_an_hour(world)
        world.tick(trader)
        answer = world.ask(trader, "buy", f"h{hours}", coin=BTC, usd="50")
        assert answer.code == ("divergence_unknown" if hours > 3 else "ok")


def close_an_hour(world: World) -> None:
    """A calm hour passes, and our candles know it."""
    for coin, close in ((BTC, 100.0), (ETH, 10.0)):
        opened_at = world.candles.newest(coin, Timeframe.HOUR_1) + timedelta(hours=1)
        world.candles.append(
            coin, Timeframe.HOUR_1, [Candle(opened_at, close, close, close, close, 1.0)]
        )
    world.clock.advance(3600)
