"""Runs the cases of both proofs on several lanes, and prints their tables at the end."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from powertraderd.testing.proof import crash, disconnect
from powertraderd.testing.proof.draws import DRAWS, PAIRING, draw_of
from powertraderd.testing.proof.lane import Lane, Lanes

C = TypeVar("C")
R = TypeVar("R")
WIDTH = 4
"""Lanes beside each other: most of a case is waiting."""
_ALONE = "PYTEST_XDIST_WORKER" not in os.environ


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both kinds of key and three seeds: a choice in `make test`, all in `make proofs-nightly`."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", list(_with_draws(metafunc.module.CASES)))
    if "draw" in metafunc.fixturenames:
        once = "minutes" in metafunc.fixturenames  # what waits for long is not waited for twice
        pairing = PAIRING[:1] if once else PAIRING
        params = [_param(each, str(each), nightly=each not in pairing) for each in DRAWS]
        metafunc.parametrize("draw", params)


def _with_draws(cases: Iterable[Any]) -> Iterator[Any]:
    for case in cases:
        own = draw_of(case)
        for draw in DRAWS:
            name = str(case) if draw == own else f"{case} {draw}"
            yield _param(replace(case, draw=draw), name, nightly=draw != own)


def _param(value: object, name: str, *, nightly: bool) -> Any:  # noqa: ANN401 - pytest's own
    return pytest.param(value, id=name, marks=[pytest.mark.nightly] if nightly else [])


class Proof(Generic[C, R]):
    """Results of cases; all selected ones are begun at once, unless others take part of them."""

    def __init__(self, folder: Path, run: Callable[[Lane, Path, C], R], selected: list[C]) -> None:
        """Start the lanes."""
        self._lanes = Lanes(folder, WIDTH, run)
        self._futures: dict[C, Future[R]] = {}
        for case in selected if _ALONE else []:
            self._futures[case] = self._lanes.submit(case)

    def result(self, case: C) -> R:
        """What came out."""
        if case not in self._futures:
            self._futures[case] = self._lanes.submit(case)
        return self._futures[case].result()

    def again(self, case: C) -> R:
        """The same case run once more."""
        del self._futures[case]
        return self.result(case)

    def close(self) -> None:
        """End the lanes."""
        self._lanes.close()


def selected(request: pytest.FixtureRequest, kind: type[C]) -> list[C]:
    """The cases of this session's tests, in their order."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    found = [spec.params.get("case") for spec in specs if spec is not None]
    return [case for case in found if isinstance(case, kind)]


@pytest.fixture(scope="session")
def disconnects(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proof[disconnect.Case, disconnect.Result]]:
    """Accepted, then disconnected."""
    folder = tmp_path_factory.mktemp("disconnects")
    proof = Proof(folder, disconnect.run, selected(request, disconnect.Case))
    yield proof
    proof.close()


@pytest.fixture(scope="session")
def crashes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proof[crash.Case, crash.Result]]:
    """Killed at every point."""
    folder = tmp_path_factory.mktemp("crashes")
    proof = Proof(folder, crash.run, selected(request, crash.Case))
    yield proof
    proof.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's own
    """One table for each proof that ran."""
    tables: dict[str, dict[str, list[list[Any]]]] = defaultdict(lambda: defaultdict(list))
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, (title, row, *figures) in getattr(report, "user_properties", []):
                if name == "proof":
                    tables[title][row].append(figures)
    for title, rows in tables.items():
        terminalreporter.section(title)
        for line in _table(rows):
            terminalreporter.write_line(line)


def _table(rows: dict[str, list[list[Any]]]) -> Iterator[str]:
    """Cases, kills, orders that exist, requests sent, most of both for one intent, broken."""
    heads = ("cases", "killed", "orders", "sent", "most orders", "most sent", "broken")
    width = max(len(name) for name in rows)
    yield f"| {'':{width}} | " + " | ".join(heads) + " |"
    yield f"|{'-' * (width + 2)}|" + "|".join("-" * (len(head) + 1) + ":" for head in heads) + "|"
    for name, figures in [*rows.items(), ("all", [row for each in rows.values() for row in each])]:
        kills, orders, posts, broken = zip(*figures, strict=True)
        cells = (len(figures), sum(kills), sum(orders), sum(posts), max(orders), max(posts))
        shown = (*cells, sum(broken))
        texts = [f"{cell:>{len(head)}}" for cell, head in zip(shown, heads, strict=True)]
        yield f"| {name:{width}} | " + " | ".join(texts) + " |"
