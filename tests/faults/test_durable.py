"""F32, F36: the owner's word on trading survives everything, or trading starts paused."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from powertraderd.errors import StoreDamaged
from powertraderd.supervision import state_file
from powertraderd.supervision.state_file import DurableState
from powertraderd.testing.rig import Daemon, alive, until


def test_f32_a_state_file_cut_at_any_byte_starts_paused_and_says_why(tmp_path: Path) -> None:
    """Never half-read, never taken for a fresh start."""
    running = DurableState(since=datetime(2024, 1, 1, tzinfo=UTC), who="uid 0")
    state_file.save(tmp_path, running)
    path = tmp_path / state_file.FILE_NAME
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreDamaged, match="it is paused now"):
            state_file.load(tmp_path)
    path.write_bytes(whole)
    assert state_file.load(tmp_path) == running


def test_f32_the_daemon_starts_paused_from_a_damaged_state_file(daemon: Daemon) -> None:
    """And shows the reason; the damaged file is kept."""
    daemon.state_dir.mkdir(mode=0o700)
    (daemon.state_dir / state_file.FILE_NAME).write_bytes(b'{"checksum": "')
    daemon.start()
    trading = daemon.status()["trading"]
    assert trading["paused"] is True
    assert "damaged" in trading["reason"]
    assert daemon.diary("trader", "born")[0]["paused"] is True
    assert (daemon.state_dir / "state.damaged").exists()


def test_f36_a_pause_outlives_the_death_of_everything(daemon: Daemon) -> None:
    """Kill all processes at once, start again: still paused, and the trader is told so."""
    daemon.start()
    assert daemon.ask("pause", reason="going to bed").ok
    pids = daemon.worker_pids()
    for pid in (daemon.pid, *pids.values()):
        os.kill(pid, signal.SIGKILL)
    daemon.wait()
    until(lambda: not any(alive(pid) for pid in pids.values()), "everybody to be gone")
    daemon.start()
    trading = daemon.status()["trading"]
    assert (trading["paused"], trading["reason"]) == (True, "going to bed")
    assert daemon.diary("trader", "born")[-1]["paused"] is True
    assert daemon.ask("resume").ok
    until(lambda: daemon.diary("trader", "trading"), "the trader to hear of it")
    daemon.stop()
    daemon.start()
    assert daemon.status()["trading"]["paused"] is False
