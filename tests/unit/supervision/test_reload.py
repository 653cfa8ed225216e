"""New settings: read by another process, compared here."""

import selectors
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from powertraderd.settings import Settings
from powertraderd.settings_file import load
from powertraderd.supervision import reload
from powertraderd.supervision.reload import Reloader, ReloadRefused, to_restart
from powertraderd.supervision.roles import FIXED_SECTIONS, SECTIONS, START_ORDER

Outcome = Settings | ReloadRefused


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    """As in the supervisor's loop."""
    with selectors.DefaultSelector() as opened:
        yield opened


def _outcomes(
    reloader: Reloader, selector: selectors.BaseSelector, meanwhile: Callable[[], object] = bool
) -> list[Outcome]:
    """Begin, and turn the selector until it is over."""
    outcomes: list[Outcome] = []
    reloader.begin(lambda outcome, _begun_ns: outcomes.append(outcome))
    meanwhile()
    deadline = time.monotonic() + 20
    while reloader.busy and time.monotonic() < deadline:
        for key, _ in selector.select(1):
            key.data.serve()
    return outcomes


def test_valid_settings_come_back_equal(tmp_path: Path, selector: selectors.BaseSelector) -> None:
    """Through JSON and a process, and still the same values."""
    path = tmp_path / "p.toml"
    path.write_text('[trading]\ncoins = ["BTC"]\n[paper]\nstarting_cash = "123.45"\n')
    reloader = Reloader(path, selector)
    assert _outcomes(reloader, selector) == [load(path)]
    assert (reloader.busy, reloader.pid, reloader.next_due_ns()) == (False, 0, None)


def test_what_is_wrong_is_said_in_the_words_of_the_settings(
    tmp_path: Path, selector: selectors.BaseSelector
) -> None:
    """File, key, value and the nearest known name."""
    path = tmp_path / "p.toml"
    path.write_text("[tradin]\n")
    [outcome] = _outcomes(Reloader(path, selector), selector)
    assert isinstance(outcome, ReloadRefused)
    assert "did you mean trading?" in str(outcome)


def test_a_wish_that_comes_meanwhile_leads_to_one_more_reading(
    tmp_path: Path, selector: selectors.BaseSelector
) -> None:
    """The file may have changed after it was read; ten wishes are still one more."""
    path = tmp_path / "p.toml"
    path.write_text("[tradin]\n")
    reloader = Reloader(path, selector)
    outcomes: list[Outcome] = []

    def mend() -> None:
        path.write_text("")
        for _ in range(10):
            reloader.begin(lambda outcome, _begun_ns: outcomes.append(outcome))

    assert _outcomes(reloader, selector, mend) == []
    assert outcomes == [load(path)]


def test_wishes_without_end_do_not_keep_the_settings_out(
    tmp_path: Path, selector: selectors.BaseSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reading is overtaken by a wish, and yet both outcomes count, the newest last."""
    monkeypatch.setattr(reload, "LONGEST_WISHING_S", 0.0)
    path = tmp_path / "p.toml"
    path.write_text("[trading]\n")
    reloader = Reloader(path, selector)
    outcomes: list[Outcome] = []

    def done(outcome: Outcome, begun_ns: int) -> None:
        assert begun_ns <= time.monotonic_ns()
        outcomes.append(outcome)

    def wish() -> None:
        path.write_text("")
        reloader.begin(done)

    assert _outcomes(reloader, selector, wish) == []
    assert [type(outcome) for outcome in outcomes] == [Settings, Settings]


def test_a_reading_that_takes_too_long_is_ended(
    tmp_path: Path, selector: selectors.BaseSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may be a pipe that nobody writes to."""
    monkeypatch.setattr(reload, "PATIENCE_S", 0.0)
    reloader = Reloader(tmp_path / "p.toml", selector)
    [outcome] = _outcomes(reloader, selector, lambda: reloader.sweep(time.monotonic_ns() + 1))
    assert isinstance(outcome, ReloadRefused)
    assert "-9" in str(outcome)


def test_leaving_ends_a_reading(tmp_path: Path, selector: selectors.BaseSelector) -> None:
    """No process stays behind."""
    reloader = Reloader(tmp_path / "p.toml", selector)
    reloader.begin(lambda _outcome, _begun_ns: None)
    assert reloader.busy
    reloader.abandon()
    Reloader(None, selector).abandon()


def test_without_a_process_the_old_settings_stay(
    selector: selectors.BaseSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F37 for reloads."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    [outcome] = _outcomes(Reloader(None, selector), selector)
    assert "no process could be made" in str(outcome)


def _changed(**sections: dict[str, object]) -> Settings:
    return Settings.model_validate(sections)


def test_only_workers_whose_settings_changed_are_restarted() -> None:
    """A change of the exit rules is nothing to the trainer."""
    base = Settings()
    assert to_restart(base, base) == ()
    exits = _changed(exit={"trailing_gap_pct": 0.7})
    assert to_restart(base, exits) == ("exporter", "trader")
    assert to_restart(base, _changed(logging={"level": "debug"})) == START_ORDER
    assert to_restart(base, _changed(supervisor={"backoff_base": 2})) == ()
    budgets = _changed(supervisor={"budgets": {"quotes": 11}})
    assert to_restart(base, budgets) == START_ORDER


@pytest.mark.parametrize(
    "sections",
    [
        {"paths": {"state_dir": "/elsewhere"}},
        {"control": {"admin_group": "root"}},
        {"clock": {"kind": "accelerated", "start": "2024-01-01", "speed": 10}},
    ],
)
def test_what_the_supervisor_stands_on_cannot_change(
    sections: dict[str, dict[str, object]],
) -> None:
    """It says that a restart is needed."""
    with pytest.raises(ReloadRefused, match="restart the daemon"):
        to_restart(Settings(), _changed(**sections))


def test_every_section_belongs_to_somebody() -> None:
    """A section that no worker names would be changed without effect."""
    known = {"supervisor", *FIXED_SECTIONS}.union(*SECTIONS.values())
    assert set(Settings.model_fields) == known
