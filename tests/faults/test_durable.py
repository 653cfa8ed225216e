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


def test_a_halt_typed_by_the_owner_outlives_the_death_of_everything(daemon: Daemon) -> None:
    """Down to the state file, up to the trader; resume ends it."""
    daemon.start()
    assert daemon.ptctl("halt", "--reason", "odd prices").returncode == 0
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait()
    daemon.start()
    trading = daemon.status()["trading"]
    assert (trading["halted"], trading["reason"]) == (True, "odd prices")
    assert state_file.load(daemon.state_dir).halted
    assert daemon.ptctl("resume").returncode == 0
    assert not state_file.load(daemon.state_dir).halted


def test_a_reload_restarts_only_whom_it_concerns_and_at_the_edge_of_a_cycle(
    daemon: Daemon,
) -> None:
    """New rules for exits are nothing to the trainer; the trader finishes its cycle."""
    daemon.start()
    pids = daemon.worker_pids()
    with daemon.config.open("a", encoding="utf-8") as config:
        config.write("[exit]\ntrailing_gap_pct = 0.7\n")
    reloaded = daemon.ptctl("reload")
    assert reloaded.returncode == 0, reloaded.stderr
    assert daemon.ptctl("wait").returncode == 0
    daemon.replaced("trader", pids["trader"])
    until(daemon.all_running, "all workers to run")
    after = daemon.worker_pids()
    assert {role for role in pids if after[role] != pids[role]} == {"exporter", "trader"}
    assert [entry["what"] for entry in daemon.diary("trader")].count("closed") == 1
    assert {entry["reason"] for entry in daemon.logs("worker_died")} == {"asked"}


def test_a_restart_by_ptctl_is_waited_for_and_spends_no_budget(daemon: Daemon) -> None:
    """As `ptctl restart --help` says it."""
    daemon.start()
    pid = daemon.worker("trader")["pid"]
    assert daemon.ptctl("restart", "trader").returncode == 0
    daemon.replaced("trader", pid)
    assert daemon.ptctl("wait", "--worker", "trader").returncode == 0
    assert daemon.logged("worker_died", "trader")["counted"] is False
    audit = daemon.logged("control_request")
    assert (audit["verb"], audit["uid"], audit["outcome"]) == ("restart", os.getuid(), "ok")
    assert daemon.ptctl("restart", "nobody").returncode == 2
    assert daemon.ptctl("unpark", "trader").returncode == 1
