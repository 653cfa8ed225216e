"""What every source of quotes promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd.adapters.paper import PaperBroker
from powertraderd.adapters.replay import ReplayMarket
from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import FrozenClock
from powertraderd.model.candle import Candle, Coin, Timeframe
from powertraderd.ports import CandleSource, QuoteSource
from powertraderd.settings import CandleSettings, PaperSettings
from powertraderd.testing.examples import BTC, DOGE

HISTORY = datetime(2024, 5, 1, tzinfo=UTC)
HOURS = 7
SPREAD = Decimal("0.2")


@dataclass
class Source:
    """Quotes of BTC and DOGE with a spread of 0.2 percent, and the candles that belong to them."""

    quotes: QuoteSource
    candles: CandleSource
    clock: FrozenClock


@pytest.fixture(params=["synthetic", "replay", "paper"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    """Each source in turn, at the beginning of its history."""
    clock = FrozenClock(HISTORY)
    market = SyntheticMarket(clock, CandleSettings(history_start=HISTORY), SPREAD)
    if request.param == "synthetic":
        yield Source(market, market, clock)
    elif request.param == "replay":
        recorded = recording(tmp_path, clock)
        yield Source(recorded, recorded, clock)
    else:
        broker = PaperBroker(
            market, clock, PaperSettings(), book=tmp_path / "paper.db", quote="USD", coins=[BTC]
        )
        yield Source(broker, market, clock)
        broker.close()


def recording(folder: Path, clock: FrozenClock) -> ReplayMarket:
    """Some hours of a cheap and a dear coin, up and down."""
    for coin, first in ((BTC, 60_000.0), (DOGE, 0.1)):
        price = first
        lines = ["time,open,high,low,close,volume"]
        for number in range(HOURS):
            close = price * (1.01 if number % 3 else 0.985)
            second = int(HISTORY.timestamp()) + 3600 * number
            figures = (price, max(price, close) * 1.002, min(price, close) * 0.997, close, 1.5)
            lines.append(",".join(map(str, (second, *figures))))
            price = close
        (folder / f"{coin}_1h.csv").write_text("\n".join(lines) + "\n")
    return ReplayMarket(clock, CandleSettings(source="replay", directory=folder), SPREAD)


def middle(source: Source, coin: Coin) -> float:
    """The middle price now."""
    quote = source.quotes.quotes([coin])[coin]
    return float(quote.bid + quote.ask) / 2


def hour_of(source: Source, coin: Coin, opened_at: datetime) -> Candle:
    """The candle of an hour that is over."""
    (candle,) = source.candles.candles(
        coin, Timeframe.HOUR_1, opened_at, opened_at + timedelta(hours=1)
    )
    return candle


def test_only_coins_that_were_asked_for_are_quoted(source: Source) -> None:
    """No more, and each under its own name with the time of now."""
    source.clock.advance(1234.5)
    quotes = source.quotes.quotes([DOGE])
    assert list(quotes) == [DOGE]
    assert quotes[DOGE].coin == DOGE
    assert quotes[DOGE].at == source.clock.now()
    assert source.quotes.quotes([]) == {}


def test_the_same_moment_has_the_same_quote(source: Source) -> None:
    """Asking does not move the market."""
    source.clock.advance(777)
    assert source.quotes.quotes([BTC]) == source.quotes.quotes([BTC])


def test_the_spread_is_what_was_set(source: Source) -> None:
    """Within one price step, in decimals that end."""
    source.clock.advance(3 * 3600 + 1)
    for coin, quote in source.quotes.quotes([BTC, DOGE]).items():
        wanted = (quote.bid + quote.ask) / 2 * SPREAD / 100
        step = Decimal("0.01") if coin == BTC else Decimal("0.00001")
        assert abs(quote.ask - quote.bid - wanted) <= 2 * step
        assert quote.bid % (step / 10) == 0


def test_quotes_stay_inside_the_candle_of_their_hour(source: Source) -> None:
    """At any moment; and over the hour they come near its open, high, low and close."""
    for number in range(HOURS - 1):
        opened_at = source.clock.now()
        seen = []
        for _ in range(360):
            seen.append(middle(source, BTC))
            source.clock.advance(10)
        assert source.clock.now() == opened_at + timedelta(hours=1)
        candle = hour_of(source, BTC, opened_at)
        slack = candle.open * 1e-5
        assert min(seen) >= candle.low - slack, number
        assert max(seen) <= candle.high + slack, number
        near = (candle.high - candle.low) * 0.12 + slack
        assert max(seen) >= candle.high - near
        assert min(seen) <= candle.low + near
        assert seen[0] == pytest.approx(candle.open, abs=slack)
        assert middle(source, BTC) == pytest.approx(candle.close, abs=slack)


def test_a_coin_without_a_price_is_missing(source: Source) -> None:
    """Before the history begins there is none, and that is no error."""
    source.clock.advance(-3600)
    assert source.quotes.quotes([BTC, DOGE]) == {}
