"""Whether predictions are worth anything: walk-forward, against forecasts that know nothing.

Every forecast is scaled by the factor that served it best in the past, so that no learner wins by
shrinking its numbers. Steps share entries and weather, so uncertainty comes from blocks: the mean
error of each coin and month is one observation.
"""

from bisect import insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from powertraderd.backtest.track import Floats, Seconds
from powertraderd.model.candle import EPOCH, Candle, Coin, Timeframe
from powertraderd.model.pattern import move_pct
from powertraderd.model.rules import TrainingRules
from powertraderd.strategy.learner import student
from powertraderd.strategy.skill import GUESS_SPAN, Moves, moves_after

LEARNER, VOLATILITY = "learner", "volatility guess"
MEAN, MEDIAN, RANDOM, RECENT = "mean of all", "median of all", "random entries", "last 20"
BASELINES = (MEAN, MEDIAN, RANDOM, RECENT, VOLATILITY)
FORECASTS = (LEARNER, *BASELINES)
NEIGHBOURS = 20
WARM_UP = 60
"""Steps before the first that counts: the scales need a past."""
SCALES = np.linspace(0.4, 1.6, 61)
RESAMPLES = 2_000
CONFIDENCE_PCT = 95
NO_EVIDENCE = "no evidence of skill"


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Errors of one coin and timeframe: one row per predicted candle, one column per forecast.

    ``at``: epoch seconds at which the predicted candle opened; errors in percent of the close.
    """

    coin: Coin
    timeframe: Timeframe
    at: Seconds
    errors: Floats


@dataclass(frozen=True, slots=True)
class Verdict:
    """A learner's error against each baseline's, percent: below zero is better.

    ``low`` and ``high`` bound the comparison with the volatility guess at 95 percent; ``blocks`` is
    the number of independent observations behind it.
    """

    group: str
    steps: int
    blocks: int
    error_pct: float
    against_pct: Mapping[str, float]
    low: float
    high: float

    @property
    def words(self) -> str:
        """Skill is what the whole interval says, against every baseline."""
        beaten = all(share < 0 for share in self.against_pct.values())
        if beaten and self.high < 0:
            return f"skill: {-self.against_pct[VOLATILITY]:.1f} % better"
        return NO_EVIDENCE


def steps(
    coin: Coin, timeframe: Timeframe, candles: Sequence[Candle], learner: TrainingRules, seed: int
) -> Steps:
    """Predict every candle from those before it."""
    forecasts, actual, at = _walk(timeframe, candles, learner, np.random.default_rng(seed))
    errors = np.column_stack(
        [_scaled_errors(forecasts[:, number], actual) for number in range(len(FORECASTS))]
    )
    return Steps(coin, timeframe, at[WARM_UP:], errors[WARM_UP:])


def verdict(group: str, parts: Sequence[Steps], seed: int) -> Verdict | None:
    """All ``parts`` together; None where there is no step."""
    errors = np.concatenate([part.errors for part in parts]) if parts else np.empty((0, 0))
    if not len(errors):
        return None
    means = errors.mean(axis=0)
    blocks = _blocks(parts)
    low, high = _interval(blocks, np.random.default_rng(seed))
    return Verdict(
        group=group,
        steps=len(errors),
        blocks=len(blocks),
        error_pct=float(means[0]),
        against_pct={
            name: 100 * float(means[0] / means[1 + number] - 1)
            for number, name in enumerate(BASELINES)
        },
        low=low,
        high=high,
    )


def years(part: Steps) -> Iterator[tuple[int, Steps]]:
    """The same errors, calendar year by calendar year."""
    every = np.array([datetime.fromtimestamp(int(at), UTC).year for at in part.at], np.int64)
    for year in np.unique(every):
        inside = every == year
        yield int(year), Steps(part.coin, part.timeframe, part.at[inside], part.errors[inside])


def _walk(
    timeframe: Timeframe,
    candles: Sequence[Candle],
    learner: TrainingRules,
    source: np.random.Generator,
) -> tuple[Floats, Floats, Seconds]:
    """Forecasts (steps x forecasts x 2), what happened (steps x 2), and when."""
    pupil, past = student(learner, timeframe), _Past(source)
    forecasts, actual, at = [], [], []
    before: Candle | None = None
    said: list[Moves] | None = None
    for candle in candles:
        if before is not None and candle.opened_at == before.opened_at + timeframe.length:
            happened = moves_after(before.close, candle)
            past.add(happened)
            if said is not None:
                forecasts.append(said)
                actual.append(happened)
                at.append((candle.opened_at - EPOCH).total_seconds())
        before, said = candle, None
        prediction = pupil.learn(candle)
        if prediction.high is not None and prediction.low is not None and past.ready:
            high, low = (
                move_pct(candle.close, prediction.high),
                move_pct(candle.close, prediction.low),
            )
            said = [(high, low), *past.forecasts()]
    shape = (len(forecasts), len(FORECASTS), 2)
    return (
        np.array(forecasts).reshape(shape),
        np.array(actual).reshape(-1, 2),
        np.array(at, np.int64),
    )


class _Past:
    """All moves so far, and what the baselines make of them."""

    def __init__(self, source: np.random.Generator) -> None:
        self._source = source
        self._moves: list[Moves] = []
        self._sums = np.zeros(2)
        self._sorted: tuple[list[float], list[float]] = ([], [])
        self._range = np.zeros(2)
        self._weight = 0.0

    @property
    def ready(self) -> bool:
        """Whether there are enough moves for every baseline."""
        return len(self._moves) >= NEIGHBOURS

    def add(self, moves: Moves) -> None:
        """What the candle did that has just closed."""
        self._moves.append(moves)
        self._sums += moves
        for side in (0, 1):
            insort(self._sorted[side], moves[side])
        alpha = 2 / (GUESS_SPAN + 1)
        self._range += alpha * (np.array(moves) - self._range)
        self._weight += alpha * (1 - self._weight)

    def forecasts(self) -> list[Moves]:
        """In the order of BASELINES."""
        count = len(self._moves)
        mean = self._sums / count
        middle = (self._sorted[0][count // 2], self._sorted[1][count // 2])
        chosen = [self._moves[index] for index in self._source.integers(0, count, NEIGHBOURS)]
        recent = self._moves[-GUESS_SPAN:]
        spread = self._range / self._weight
        return [
            (mean[0], mean[1]),
            middle,
            _mean(chosen),
            _mean(recent),
            (spread[0], spread[1]),
        ]


def _mean(moves: Sequence[Moves]) -> Moves:
    count = len(moves)
    return sum(high for high, _ in moves) / count, sum(low for _, low in moves) / count


def _scaled_errors(forecast: Floats, actual: Floats) -> Floats:
    """Absolute errors, mean of both sides, each side under the scale that was best before."""
    both = np.zeros(len(actual))
    for side in (0, 1):
        tried = np.abs(actual[:, side, None] - forecast[:, side, None] * SCALES)
        so_far = np.cumsum(tried, axis=0) - tried
        best = np.argmin(so_far, axis=1)
        both += np.take_along_axis(tried, best[:, None], axis=1)[:, 0]
    return both / 2


def _blocks(parts: Sequence[Steps]) -> Floats:
    """Sums of the errors of learner and volatility guess, one row per coin and calendar month."""
    rows = []
    for part in parts:
        months = part.at.astype("datetime64[s]").astype("datetime64[M]")
        for month in np.unique(months):
            inside = part.errors[months == month]
            rows.append((inside[:, 0].sum(), inside[:, FORECASTS.index(VOLATILITY)].sum()))
    return np.array(rows)


def _interval(blocks: Floats, source: np.random.Generator) -> tuple[float, float]:
    """Bootstrap over whole blocks: the learner's error against the guess's, percent."""
    drawn = source.integers(0, len(blocks), (RESAMPLES, len(blocks)))
    sums = blocks[drawn].sum(axis=1)
    shares = 100 * (sums[:, 0] / sums[:, 1] - 1)
    margin = (100 - CONFIDENCE_PCT) / 2
    low, high = np.percentile(shares, [margin, 100 - margin])
    return float(low), float(high)
