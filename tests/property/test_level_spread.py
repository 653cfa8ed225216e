"""Levels, over any predictions: apart, in order, and each in its place."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from powertraderd.model.candle import EPOCH, Timeframe
from powertraderd.model.prediction import Prediction
from powertraderd.strategy.levels import levels
from powertraderd.testing.plain_learner import spread_plainly

prices = st.one_of(st.floats(99.0, 101.0), st.floats(1e-8, 1e6), st.sampled_from((100.0, 0.004)))
ranges = st.one_of(st.none(), st.tuples(prices, prices))


@st.composite
def seven_predictions(draw: st.DrawFn) -> list[Prediction]:
    """Some active, some not."""
    given_ranges = [draw(ranges) for _ in Timeframe]
    return [
        Prediction(timeframe, EPOCH, high=each and each[0], low=each and each[1])
        for timeframe, each in zip(Timeframe, given_ranges, strict=True)
    ]


@given(seven_predictions())
def test_levels_are_spread_as_the_page_says(predictions: list[Prediction]) -> None:
    """The same figures as a plain loop over the sorted prices."""
    made = levels(predictions, 0.5)
    lows = [each.low * (1 - 0.005) for each in predictions if each.low is not None]
    highs = [each.high * (1 + 0.005) for each in predictions if each.high is not None]
    assert sorted(made.low.values(), reverse=True) == spread_plainly(lows, -1)
    assert sorted(made.high.values()) == spread_plainly(highs, 1)


@given(seven_predictions())
def test_neighbours_keep_their_distance(predictions: list[Prediction]) -> None:
    """Pair g is at least 0.25 (g + 1) percent of its mean apart, outwards in order."""
    made = levels(predictions, 0.5)
    for outwards in (sorted(made.low.values(), reverse=True), sorted(made.high.values())):
        for number, (inner, outer) in enumerate(pairwise(outwards), 1):
            assert 100 * abs(outer - inner) / ((outer + inner) / 2) >= 0.25 * number


@given(seven_predictions(), st.floats(0, 5))
def test_levels_only_ever_move_outwards(predictions: list[Prediction], distance: float) -> None:
    """Low levels not above their prediction, high ones not below, for active timeframes only."""
    made = levels(predictions, distance)
    active = {each.timeframe: each for each in predictions if each.active}
    assert made.low.keys() == made.high.keys() == active.keys()
    for timeframe, each in active.items():
        assert each.low is not None
        assert each.high is not None
        assert made.low[timeframe] <= each.low
        assert made.high[timeframe] >= each.high


@given(seven_predictions())
def test_nearer_predictions_make_nearer_levels(predictions: list[Prediction]) -> None:
    """Spreading never lets two timeframes change places."""
    made = levels(predictions, 0.5)
    active = [each for each in predictions if each.low is not None]
    by_low = sorted(active, key=lambda each: each.low or 0.0, reverse=True)
    levels_in_that_order = [made.low[each.timeframe] for each in by_low]
    assert levels_in_that_order == sorted(levels_in_that_order, reverse=True)


@given(seven_predictions(), st.randoms(use_true_random=False))
def test_the_order_of_the_predictions_does_not_matter(
    predictions: list[Prediction], chance: Random
) -> None:
    """Also where some of them are equal."""
    shuffled = predictions.copy()
    chance.shuffle(shuffled)
    assert levels(shuffled, 0.5) == levels(predictions, 0.5)
