"""What a worker is given, and what happens to its output."""

import os
import signal

from powertraderd.testing.rig import Daemon, until


def test_f19_a_worker_gets_five_descriptors_and_no_foreign_secret(daemon: Daemon) -> None:
    """0, 1, 2, page, channel; nothing of systemd's, of the shell's or of the settings."""
    daemon.order("thinker", "once reveal")
    secrets = {
        "NOTIFY_SOCKET": "@/nowhere",
        "WATCHDOG_USEC": "600000000",
        "LISTEN_FDS": "1",
        "AWS_SECRET_ACCESS_KEY": "planted",
        "CREDENTIALS_DIRECTORY": "/run/credentials/x",
    }
    daemon.start(ready=False, environment=secrets)
    given = until(lambda: daemon.diary("thinker", "given"), "the thinker's account")[0]
    assert not set(secrets) & set(given["environment"])
    kinds = sorted(given["descriptors"].items(), key=lambda item: int(item[0]))
    assert [kind.partition(":")[0] for _, kind in kinds[:3]] == [
        "/dev/null",
        str(daemon.log_file),
        str(daemon.log_file),
    ]
    others = sorted(kind.partition(":")[0] for _, kind in kinds[3:])
    assert others == ["/memfd", "socket"]


def test_f30_output_that_nobody_reads_holds_up_neither_worker_nor_supervisor(
    daemon: Daemon,
) -> None:
    """Standard output is a pipe that is full, and later closed: lines are lost, deadlines kept."""
    read_end, write_end = os.pipe()
    daemon.start(output=write_end)
    os.close(write_end)
    pid = daemon.worker("thinker")["pid"]
    daemon.order("thinker", "once flood")
    until(lambda: daemon.diary("thinker", "flooded"), "the flood to be over")
    loops = daemon.worker("thinker")["loops"]
    until(lambda: daemon.worker("thinker")["loops"] > loops + 3, "the thinker to cycle on")
    os.close(read_end)
    loops = daemon.worker("thinker")["loops"]
    until(lambda: daemon.worker("thinker")["loops"] > loops + 3, "the thinker to cycle on")
    assert daemon.worker("thinker")["pid"] == pid
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0


def test_f39_no_warning_in_a_whole_life(daemon: Daemon) -> None:
    """The rig runs everything under -W error; a life with a death in it says nothing about it."""
    daemon.start()
    pid = daemon.worker("thinker")["pid"]
    daemon.order("thinker", "once crash")
    daemon.replaced("thinker", pid)
    assert daemon.stop() == 0
    assert "Warning" not in daemon.text()
    assert "Exception ignored" not in daemon.text()
