"""Many runs over the same candles with other settings: which did best, and whether it lasted.

What was best in sample is shown beside what it did out of sample, and how many were tried: the
best of many is mostly luck.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.figures import figures
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import Floats, Track
from powertraderd.errors import ConfigError

KEPT = ("gain_pct", "drawdown_pct", "most_invested", "worst_ladder", "entries", "fees", "value")
"""Figures that a trial keeps of each of its two runs."""

Changes = tuple[str, ...]
Found = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination of settings and its two plans, before the split and after it."""

    changes: Changes
    inside: Plan
    outside: Plan


@dataclass(frozen=True, slots=True)
class Result:
    """What a trial came to in sample and out of sample."""

    changes: Changes
    inside: Found
    outside: Found


def combinations(grid: Sequence[str]) -> Iterator[Changes]:
    """All combinations of ``KEY=VALUE,VALUE,...``; raises ConfigError for an axis without values.

    A value with commas of its own stands in brackets: KEY=[-2.5,-5],[-5,-10].
    """
    axes = []
    for axis in grid:
        key, _, text = axis.partition("=")
        values = _values(text)
        if not key.strip() or not values:
            msg = f"{axis!r} is no axis of a grid: write SECTION.KEY=VALUE,VALUE,..."
            raise ConfigError(msg)
        axes.append([f"{key.strip()}={value}" for value in values])
    yield from product(*axes)


def fingerprint(tracks: Sequence[Track], inside: Plan, outside: Plan) -> str:
    """Changes when candles, span or settings outside of the grid do."""
    digest = hashlib.sha256(repr((inside, outside)).encode())
    for track in tracks:
        digest.update(track.coin.encode() + track.close.tobytes() + track.predicted_low.tobytes())
    return digest.hexdigest()[:16]


class Results:
    """Finished trials, one JSON line each; what an interrupted sweep has done is not done again."""

    def __init__(self, path: Path, mark: str) -> None:
        """Read what ``path`` holds. Raises ConfigError when it belongs to another sweep."""
        self._path = path
        self._mark = mark
        self.done: dict[Changes, Result] = {}
        if path.exists():
            self._read()

    def add(self, result: Result) -> None:
        """Append one result."""
        self.done[result.changes] = result
        row = {
            "sweep": self._mark,
            "changes": list(result.changes),
            "inside": dict(result.inside),
            "outside": dict(result.outside),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _read(self) -> None:
        for number, line in enumerate(self._path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # torn by the interruption: that trial is run again
            if row.get("sweep") != self._mark:
                msg = (
                    f"{self._path}: line {number} belongs to another sweep (other candles, span or "
                    "settings); name another file with --results"
                )
                raise ConfigError(msg)
            changes = tuple(row["changes"])
            self.done[changes] = Result(changes, row["inside"], row["outside"])


def run(tracks: Sequence[Track], trial: Trial) -> Result:
    """Both runs of one trial."""
    return Result(trial.changes, _kept(tracks, trial.inside), _kept(tracks, trial.outside))


def run_here(
    tracks: Sequence[Track], trials: Sequence[Trial], workers: int, done: Callable[[Result], None]
) -> None:
    """All trials on this machine's cores."""
    with ProcessPoolExecutor(workers, initializer=_share, initargs=(tracks,)) as pool:
        for future in as_completed([pool.submit(_run_shared, trial) for trial in trials]):
            done(future.result())


def run_on_cluster(
    tracks: Sequence[Track], trials: Sequence[Trial], scheduler: str, done: Callable[[Result], None]
) -> None:
    """All trials on the workers of a Dask cluster, whose scheduler listens at ``scheduler``."""
    from distributed import Client, as_completed  # noqa: PLC0415 - heavy, and needed here alone

    with Client(scheduler) as client:  # type: ignore[no-untyped-call]
        shared = client.scatter(list(tracks), broadcast=True, hash=False)
        waiting = [client.submit(run, shared, trial, pure=False) for trial in trials]
        for future in as_completed(waiting):  # type: ignore[no-untyped-call]
            done(future.result())


def ranked(results: Sequence[Result]) -> list[Result]:
    """Best gain in sample first."""
    return sorted(results, key=lambda each: -each.inside["gain_pct"])


def outside_rank(results: Sequence[Result], of: Result) -> int:
    """The place of ``of`` by its gain out of sample; 1 is the best."""
    return 1 + sum(each.outside["gain_pct"] > of.outside["gain_pct"] for each in results)


def rank_correlation(results: Sequence[Result]) -> float | None:
    """Spearman's: whether doing well in sample says anything about the time after; None for one."""
    if len(results) < 3:  # noqa: PLR2004 - two points always lie on a line
        return None
    inside = _ranks([each.inside["gain_pct"] for each in results])
    outside = _ranks([each.outside["gain_pct"] for each in results])
    if not inside.std() or not outside.std():
        return None
    return float(np.corrcoef(inside, outside)[0, 1])


_shared: list[Sequence[Track]] = []


def _share(tracks: Sequence[Track]) -> None:
    _shared[:] = [tracks]


def _run_shared(trial: Trial) -> Result:
    return run(_shared[0], trial)


def _kept(tracks: Sequence[Track], plan: Plan) -> dict[str, Any]:
    found = figures(Simulation(tracks, plan).run(), tracks)
    return {name: getattr(found, name) for name in KEPT}


def _ranks(values: Sequence[float]) -> Floats:
    return np.argsort(np.argsort(values)).astype(np.float64)


def _values(text: str) -> list[str]:
    """Split at the commas outside of brackets."""
    values, depth, current = [], 0, ""
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == "," and not depth:
            values.append(current.strip())
            current = ""
        else:
            current += sign
    values.append(current.strip())
    return [value for value in values if value]
