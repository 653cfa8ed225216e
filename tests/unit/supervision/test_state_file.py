"""state.json and the hold that it remembers."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from powertraderd.errors import StoreDamaged
from powertraderd.supervision import state_file
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.hold import Hold, NotDurable
from powertraderd.supervision.state_file import Anchor, DurableState

AT = datetime(2026, 1, 2, tzinfo=UTC)
HELD = DurableState().held(halted=True, reason="because", who="uid 0", at=AT)
FULL = HELD.anchored(Anchor(AT, 3600.0, AT))


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """All fields survive, and no temporary file stays."""
    state_file.save(tmp_path, FULL)
    assert state_file.load(tmp_path) == FULL
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_without_a_file_nothing_is_held(tmp_path: Path) -> None:
    """The first start ever trades."""
    assert state_file.load(tmp_path) == DurableState()


def test_a_file_cut_at_any_byte_is_refused_and_a_copy_kept(tmp_path: Path) -> None:
    """F32: no prefix of a good file is believed."""
    state_file.save(tmp_path, FULL)
    path = tmp_path / "state.json"
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreDamaged, match=r"state\.json is damaged"):
            state_file.load(tmp_path)
        assert (tmp_path / "state.damaged").read_bytes() == whole[:length]


@pytest.mark.parametrize(
    "body",
    [
        '{"version": 2}',
        '{"version": 1, "paused": true}',
        '{"version": 1, "since": "yesterday", "anchor": null}',
        "[]",
    ],
)
def test_a_whole_file_that_says_something_else_is_refused(tmp_path: Path, body: str) -> None:
    """Another version, missing or unreadable fields: not believed, whatever the checksum says."""
    document = {"checksum": state_file.checksum(body), "state": body}
    (tmp_path / "state.json").write_text(json.dumps(document))
    with pytest.raises(StoreDamaged):
        state_file.load(tmp_path)


def test_damage_pauses_for_good_and_says_why(tmp_path: Path) -> None:
    """Also the second start after the damage is paused: the pause itself was made durable."""
    (tmp_path / "state.json").write_bytes(b"\0" * 100)
    assert Hold(tmp_path).trading() == TradingState(paused=True)
    again = Hold(tmp_path)
    assert again.trading() == TradingState(paused=True)
    assert "damaged" in again.state.reason
    assert "ptctl resume" in again.state.reason


def test_a_pause_and_a_halt_outlive_the_process_and_resume_ends_both(tmp_path: Path) -> None:
    """Each word is on disk when the call returns."""
    Hold(tmp_path).hold(halted=False, reason="lunch", who="uid 1")
    assert Hold(tmp_path).trading() == TradingState(paused=True)
    Hold(tmp_path).hold(halted=True, reason="books", who="trader")
    Hold(tmp_path).hold(halted=False, reason="lunch", who="uid 1")
    held = Hold(tmp_path)
    assert (held.trading(), held.state.reason) == (
        TradingState(paused=True, halted=True),
        "books",
    ), "a later pause does not take a halt back"
    held.release(who="uid 0")
    assert Hold(tmp_path).trading() == TradingState()


def test_a_pause_that_cannot_be_written_holds_all_the_same(tmp_path: Path) -> None:
    """And a resume that cannot be written does not let go: both err on the side of holding."""
    hold = Hold(tmp_path)
    (tmp_path / "state.tmp").mkdir()
    with pytest.raises(NotDurable, match="could not be written"):
        hold.hold(halted=False, reason="", who="uid 0")
    assert hold.trading().paused
    with pytest.raises(NotDurable):
        hold.release(who="uid 0")
    assert hold.trading().paused
