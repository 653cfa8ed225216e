"""Signals in masses, and what the service manager is told."""

import os
import signal
import socket
from pathlib import Path

from powertraderd.testing.rig import Daemon, until


def test_f20_ten_thousand_signals_neither_block_nor_multiply(veteran: Daemon) -> None:
    """HUP, USR1 and CHLD mixed: no deadlock, every worker lives, reloads are few."""
    pids = veteran.worker_pids()
    for number in range(10_000):
        os.kill(veteran.pid, (signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD)[number % 3])
    veteran.logged("settings_reloaded")
    assert veteran.ask("status").ok
    assert veteran.worker_pids() == pids
    assert len(veteran.logs("settings_reloaded")) < 20


def _messages(listener: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listener.recv(65_536).decode())
        except BlockingIOError:
            return found


def test_f23_the_service_manager_hears_ready_reloading_stopping_and_the_watchdog(
    daemon: Daemon, tmp_path: Path
) -> None:
    """In this order, RELOADING closed by READY also when the new settings are refused."""
    address = tmp_path / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(0)
        heard: list[str] = []

        def hears(word: str, since: int = 0) -> bool:
            heard.extend(_messages(listener))
            return any(word in message for message in heard[since:])

        daemon.start(
            ready=False, environment={"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "3000000"}
        )
        until(lambda: hears("READY=1"), "READY=1")
        until(lambda: hears("WATCHDOG=1"), "WATCHDOG=1")
        good = daemon.config.read_text(encoding="utf-8")
        daemon.config.write_text(good.replace("ladder_term", "lader_term"), encoding="utf-8")
        since = len(heard)
        daemon.signal(signal.SIGHUP)
        until(lambda: hears("RELOADING=1", since), "RELOADING=1")
        assert any("MONOTONIC_USEC=" in message for message in heard[since:])
        until(lambda: hears("READY=1", since), "READY=1 after the refused reload")
        assert daemon.all_running()
        daemon.config.write_text(good, encoding="utf-8")
        since = len(heard)
        assert daemon.stop() == 0
        assert hears("STOPPING=1", since)
    ready = next(n for n, message in enumerate(heard) if "READY=1" in message)
    assert any("EXTEND_TIMEOUT_USEC=" in message for message in heard[: ready + 1])
