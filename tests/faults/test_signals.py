"""Signals in masses, and what the service manager is told."""

import os
import signal
import time
from pathlib import Path

from powertraderd.testing.rig import Daemon, until
from powertraderd.testing.service_manager import ServiceManager


def test_f20_ten_thousand_signals_neither_block_nor_multiply(veteran: Daemon) -> None:
    """HUP, USR1 and CHLD mixed: no deadlock, every worker lives, and it is one reload.

    A machine so slow that the burst outlasts the patience of the reloader sees a few.
    """
    pids, began = veteran.worker_pids(), time.monotonic()
    for number in range(10_000):
        os.kill(veteran.pid, (signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD)[number % 3])
    veteran.logged("settings_reloaded")
    assert veteran.ask("status").ok
    assert veteran.worker_pids() == pids
    assert len(veteran.logs("settings_reloaded")) <= 1 + (time.monotonic() - began) / 5
    assert not veteran.logs("reload_refused")


def test_f23_the_service_manager_hears_ready_reloading_stopping_and_the_watchdog(
    daemon: Daemon, tmp_path: Path
) -> None:
    """In this order, RELOADING closed by READY also when the new settings are refused."""
    with ServiceManager(tmp_path) as manager:
        daemon.start(ready=False, environment=manager.environment)
        until(lambda: manager.hears("READY=1"), "READY=1")
        until(lambda: manager.hears("WATCHDOG=1"), "WATCHDOG=1")
        good = daemon.config.read_text(encoding="utf-8")
        daemon.config.write_text(good.replace("ladder_term", "lader_term"), encoding="utf-8")
        since = manager.count()
        daemon.signal(signal.SIGHUP)
        until(lambda: manager.hears("RELOADING=1", since), "RELOADING=1")
        assert manager.hears("MONOTONIC_USEC=", since)
        until(lambda: manager.hears("READY=1", since), "READY=1 after the refused reload")
        assert manager.hears("reload refused", since)
        assert daemon.all_running()
        daemon.config.write_text(good, encoding="utf-8")
        since = manager.count()
        assert daemon.stop() == 0
        assert manager.hears("STOPPING=1", since)
        heard = manager.heard
    ready = next(n for n, message in enumerate(heard) if "READY=1" in message)
    assert any("EXTEND_TIMEOUT_USEC=" in message for message in heard[: ready + 1])


def test_f23_a_tick_that_is_stuck_feeds_no_watchdog(daemon: Daemon, tmp_path: Path) -> None:
    """Nobody else says WATCHDOG=1: no thread, no worker."""
    with ServiceManager(tmp_path) as manager:
        daemon.start(environment=manager.environment)
        until(lambda: manager.hears("WATCHDOG=1"), "WATCHDOG=1")
        daemon.signal(signal.SIGSTOP)
        try:
            until(lambda: _stopped(daemon.pid), "the supervisor to stand still")
            since, still = manager.count(), time.monotonic()
            until(lambda: time.monotonic() - still > 2.5, "two and a half seconds")
            assert not manager.hears("WATCHDOG=1", since)
        finally:
            daemon.signal(signal.SIGCONT)
        until(lambda: manager.hears("WATCHDOG=1", since), "WATCHDOG=1 again")


def _stopped(pid: int) -> bool:
    return (
        Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"
    )
