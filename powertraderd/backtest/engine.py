"""History hour by hour through the daemon's own decisions.

Prices inside an hour follow an explicit path. ``pessimistic``: open, high, down to the low and at
last the close. On the way down every buy happens at the very price that triggers it, never lower;
a trailing exit sells at the start line, or at the low where that is higher, never near the high.
``replay``: the straight legs of the replayed market in steps of ``step_minutes``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

import numpy as np

from powertraderd.adapters.replay import path_price
from powertraderd.adapters.spread import price_step, quote_around
from powertraderd.backtest.book import invested
from powertraderd.backtest.desk import Desk, Look
from powertraderd.backtest.outcome import Outcome
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.prices import below, entry_level, up_to
from powertraderd.backtest.screen import Screen
from powertraderd.backtest.track import Seconds, Track
from powertraderd.model.candle import HOUR_S, Coin
from powertraderd.model.decision import TradingState
from powertraderd.model.money import EXACT, ZERO_USD, Price, Usd, price_from_float
from powertraderd.model.position import Position
from powertraderd.model.prediction import Prediction
from powertraderd.model.quote import Quote
from powertraderd.strategy import decide, levels, standing, trailing

_HIGH, _EXIT, _FALL, _LOW = (timedelta(minutes=minute) for minute in (20, 25, 30, 40))
_CLOSE = timedelta(minutes=59, seconds=59)
PROGRESS_EVERY = 500


class Simulation:
    """One run over the tracks of all coins."""

    def __init__(self, tracks: Sequence[Track], plan: Plan) -> None:
        """Nothing is traded yet."""
        self._plan = plan
        self._tracks = {track.coin: track for track in tracks}
        self._screens = {track.coin: Screen(track, plan.rules.of(track.coin)) for track in tracks}
        self._desk = Desk(plan)
        self._book = self._desk.book
        self._seconds = _timeline(tracks, plan)
        self._index = {track.coin: _indices(track, self._seconds) for track in tracks}
        self._marks: dict[Coin, Decimal] = {}
        self._marked_hour = -1
        self._marked: set[Coin] = set()
        self._closes: dict[Coin, float] = {}
        self._halted_at: datetime | None = None
        self._peak_gain = ZERO_USD
        self._predicted: dict[Coin, tuple[int, tuple[Prediction, ...] | None]] = {}

    def run(self, progress: Callable[[int], None] | None = None) -> Outcome:
        """All hours; ``progress`` is called with the number of hours done."""
        count = len(self._seconds)
        rows = np.zeros((4, count))
        with localcontext(EXACT):
            for hour in range(count):
                self._hour(hour)
                rows[:, hour] = self._sample()
                self._watch_drawdown(hour, rows[0, hour])
                if progress and (hour % PROGRESS_EVERY == 0 or hour == count - 1):
                    progress(hour + 1)
        return Outcome(
            plan=self._plan,
            coins=tuple(self._tracks),
            trades=tuple(self._book.trades),
            decisions=tuple(self._desk.decisions),
            refusals=dict(self._desk.refusals),
            books=self._book.books,
            halted_at=self._halted_at,
            at=self._seconds + HOUR_S,
            value=rows[0],
            cash=rows[1],
            exposure=rows[2],
            invested=rows[3],
        )

    # -- one hour

    def _hour(self, hour: int) -> None:
        opened_at = datetime.fromtimestamp(int(self._seconds[hour]), UTC)
        busy = list(self._busy(hour))
        if self._plan.path == "replay":
            self._walk_legs(busy, opened_at, hour)
            return
        for leg in (self._open, self._rise, self._fall, self._end):
            for coin, index in busy:
                leg(coin, index, opened_at, hour)

    def _busy(self, hour: int) -> Iterator[tuple[Coin, int]]:
        """Coins that have a candle in this hour and something that may happen in it."""
        halted = self._halted_at is not None and self._plan.screened
        for coin, track in self._tracks.items():
            index = int(self._index[coin][hour])
            if index < 0:
                continue
            self._closes[coin] = float(track.close[index])
            if halted:
                continue
            if not self._plan.screened or self._book.in_flight(coin):
                yield coin, index
                continue
            position = self._book.books.positions.get(coin)
            screen = self._screens[coin]
            low, high = float(track.low[index]), float(track.high[index])
            if position is None:
                if screen.may_enter(index):
                    yield coin, index
            elif screen.may_act(position, index, low, high):
                yield coin, index

    def _open(self, coin: Coin, index: int, opened_at: datetime, hour: int) -> None:
        self._tick(coin, index, opened_at, hour, float(self._tracks[coin].open[index]))

    def _rise(self, coin: Coin, index: int, opened_at: datetime, hour: int) -> None:
        track = self._tracks[coin]
        self._tick(coin, index, opened_at + _HIGH, hour, float(track.high[index]))
        exit_quote = self._worst_exit(coin, float(track.low[index]), opened_at + _EXIT)
        if exit_quote is not None:
            self._look(coin, index, exit_quote, hour)

    def _fall(self, coin: Coin, index: int, opened_at: datetime, hour: int) -> None:
        """Down to the low; a buy that its trigger leads to may be followed by a deeper one."""
        track, at = self._tracks[coin], opened_at + _FALL
        low = quote_around(coin, float(track.low[index]), self._plan.spread_pct, at)
        above = price_from_float(float(track.high[index]))
        while True:
            trigger = self._trigger(coin, index, above, at, hour)
            if trigger is None or trigger.ask <= low.ask:
                break
            if not self._look(coin, index, trigger, hour):
                break
            above = trigger.ask
        self._tick(coin, index, opened_at + _LOW, hour, float(track.low[index]))

    def _end(self, coin: Coin, index: int, opened_at: datetime, hour: int) -> None:
        self._tick(coin, index, opened_at + _CLOSE, hour, float(self._tracks[coin].close[index]))

    def _walk_legs(self, busy: Sequence[tuple[Coin, int]], opened_at: datetime, hour: int) -> None:
        for minute in range(0, 60, self._plan.step_minutes):
            for coin, index in busy:
                price = path_price(self._tracks[coin].candle(index), minute / 60)
                self._tick(coin, index, opened_at + timedelta(minutes=minute), hour, price)

    # -- prices that a path must not step over

    def _worst_exit(self, coin: Coin, low: float, at: datetime) -> Quote | None:
        """The worst price at which an armed exit can have sold after the high; None where the
        low stays above its line.
        """  # noqa: D205 - one sentence
        position = self._book.books.positions.get(coin)
        if position is None or not position.trail.armed or position.trail.line is None:
            return None
        line = position.trail.line
        bottom = quote_around(coin, low, self._plan.spread_pct, at)
        if bottom.bid >= line:
            return None
        step = price_step(line)
        start = self._start_line(coin, position)
        bid = min(max(bottom.bid, up_to(start, step)), below(line, step))
        return Quote(coin, Price(bid), self._ask_over(bid), at)

    def _start_line(self, coin: Coin, position: Position) -> Decimal:
        rules = self._plan.rules.of(coin).exit
        floor = (
            None
            if rules.allow_loss
            else trailing.profit_floor(position, self._plan.fee_rate, rules)
        )
        return trailing.start_line(position, floor, rules)

    def _trigger(
        self, coin: Coin, index: int, above: Decimal, at: datetime, hour: int
    ) -> Quote | None:
        """The quote at which the next buy would be triggered, below ``above``."""
        rules = self._plan.rules.of(coin)
        quote = quote_around(coin, float(above), self._plan.spread_pct, at)
        view = self._desk.view(self._at(coin, index, quote, hour))
        position = view.position
        if position is None:
            price = entry_level(view, rules)
        else:
            price = decide.decide(view, rules).next_dca_price
        if price is None or price >= above:
            return None
        ask = below(price, price_step(price))
        return Quote(coin, Price(ask / (1 + self._plan.spread_pct / 100)), Price(ask), at)

    def _ask_over(self, bid: Decimal) -> Price:
        ask = bid * (1 + self._plan.spread_pct / 100)
        return Price(up_to(ask, price_step(ask)))

    # -- one tick

    def _tick(self, coin: Coin, index: int, at: datetime, hour: int, price: float) -> None:
        self._look(coin, index, quote_around(coin, price, self._plan.spread_pct, at), hour)

    def _look(self, coin: Coin, index: int, quote: Quote, hour: int) -> bool:
        """Decide at ``quote``; returns whether an order was placed."""
        return self._desk.look(self._at(coin, index, quote, hour))

    def _at(self, coin: Coin, index: int, quote: Quote, hour: int) -> Look:
        hour_at = datetime.fromtimestamp(int(self._seconds[hour]), UTC)
        predictions = self._predictions(coin, index)
        signal = predictions and levels.signal(
            quote,
            predictions,
            made_at=quote.at,
            trained_at=hour_at,
            rules=self._plan.rules.of(coin),
        )
        return Look(
            coin=coin,
            now=quote.at,
            quote=quote,
            signal=signal or None,
            bids={**self._marks_at(hour), coin: quote.bid},
            last_close=self._last_close(coin, hour),
            last_close_at=hour_at,
            trading=TradingState(halted=self._halted_at is not None),
        )

    def _marks_at(self, hour: int) -> Mapping[Coin, Decimal]:
        """What the other coins are worth: the bid when the hour opened, which is known by then."""
        if hour != self._marked_hour:
            self._marked_hour = hour
            self._marked.clear()
        for coin in self._book.books.positions.keys() - self._marked:
            self._marked.add(coin)
            self._mark(coin, hour)
        return self._marks

    def _mark(self, coin: Coin, hour: int) -> None:
        index = int(self._index[coin][hour])
        if index >= 0:
            at = datetime.fromtimestamp(int(self._seconds[hour]), UTC)
            price = float(self._tracks[coin].open[index])
            self._marks[coin] = quote_around(coin, price, self._plan.spread_pct, at).bid

    def _last_close(self, coin: Coin, hour: int) -> Price | None:
        index = int(self._index[coin][hour])
        return price_from_float(float(self._tracks[coin].close[index - 1])) if index > 0 else None

    def _predictions(self, coin: Coin, index: int) -> tuple[Prediction, ...] | None:
        """Of the hour at ``index``; an hour has several ticks."""
        known = self._predicted.get(coin)
        if known is None or known[0] != index:
            known = self._predicted[coin] = index, self._tracks[coin].predictions(index)
        return known[1]

    # -- what is kept

    def _sample(self) -> tuple[float, float, float, float]:
        books = self._book.books
        half = 1 - float(self._plan.spread_pct) / 200
        exposure = sum(
            float(position.quantity) * self._closes[coin] * half
            for coin, position in books.positions.items()
        )
        cash = float(books.cash)
        return cash + exposure, cash, exposure, float(invested(books))

    def _watch_drawdown(self, hour: int, value: float) -> None:
        """As the trader does at every tick: a fall too deep below the peak halts for good."""
        worth, paid_in = Usd(price_from_float(value)), self._plan.cash
        self._peak_gain = max(self._peak_gain, Usd(worth - paid_in))
        most = self._plan.rules.risk.max_drawdown_pct
        if most is None or self._halted_at is not None:
            return
        if standing.drawdown_pct(worth, paid_in, self._peak_gain) > most:
            self._halted_at = datetime.fromtimestamp(int(self._seconds[hour]) + HOUR_S, UTC)


def _timeline(tracks: Sequence[Track], plan: Plan) -> Seconds:
    """All hours that any coin has, within the plan's span."""
    every = np.unique(np.concatenate([track.opened for track in tracks]))
    inside = (every >= plan.start.timestamp()) & (every < plan.end.timestamp())
    return every[inside]


def _indices(track: Track, seconds: Seconds) -> Seconds:
    """For each hour of the timeline the index of the track's candle, -1 where it has none."""
    found = np.searchsorted(track.opened, seconds)
    clipped = np.minimum(found, len(track.opened) - 1)
    return np.where(track.opened[clipped] == seconds, clipped, -1)
