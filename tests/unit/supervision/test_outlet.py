"""Output into pipes, files and sockets whose reader sleeps or is gone."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from powertraderd.supervision.outlet import Outlet


def test_lines_arrive_as_they_were_written() -> None:
    """Also one that is longer than a pipe takes at once."""
    reader, writer = os.pipe()
    outlet = Outlet(writer)
    assert outlet.write("short\n") == 6
    assert outlet.write("x" * 10_000 + "\n") == 10_001
    outlet.flush()
    received = b""
    while len(received) < 10_007:
        received += os.read(reader, 65_536)
    assert received == b"short\n" + b"x" * 10_000 + b"\n"
    assert (outlet.take_lost(), outlet.fileno(), outlet.isatty(), outlet.writable()) == (
        0,
        writer,
        False,
        True,
    )
    outlet.close()
    outlet.close()
    os.close(reader)
    os.close(writer)


def test_a_reader_that_sleeps_costs_lines_and_not_time() -> None:
    """F30: the patience is spent once, not for each line; and it is counted."""
    reader, writer = os.pipe()
    outlet = Outlet(writer)
    began = time.monotonic()
    for _ in range(1000):
        outlet.write("x" * 999 + "\n")
    assert time.monotonic() - began < 1
    assert outlet.take_lost() > 900
    assert outlet.take_lost() == 0
    os.read(reader, 65_536)
    outlet.write("awake\n")
    assert os.read(reader, 65_536).endswith(b"awake\n")
    assert os.get_blocking(writer), "the inherited description is as it was"
    outlet.close()
    os.close(reader)
    os.close(writer)


def test_a_reader_that_is_gone_is_no_error() -> None:
    """Broken pipe."""
    reader, writer = os.pipe()
    outlet = Outlet(writer)
    os.close(reader)
    outlet.write("nobody\n")
    assert outlet.take_lost() == 1
    outlet.close()
    os.close(writer)


def test_a_journal_that_sleeps_holds_nobody_up() -> None:
    """Under systemd standard output is a stream socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        outlet = Outlet(ours.fileno())
        began = time.monotonic()
        for _ in range(2000):
            outlet.write("x" * 999 + "\n")
        assert time.monotonic() - began < 1
        assert outlet.take_lost() > 0
        theirs.recv(10_000_000)
        outlet.close()


def test_a_file_is_appended_to_where_the_descriptor_stands(tmp_path: Path) -> None:
    """Opening it anew would begin at its first byte again."""
    path = tmp_path / "log"
    with path.open("w") as file:
        file.write("before\n")
        file.flush()
        outlet = Outlet(file.fileno())
        outlet.write("after\n")
        outlet.close()
    assert path.read_text() == "before\nafter\n"


def test_a_process_with_full_output_still_ends() -> None:
    """Print and warn into a pipe that nobody reads, and leave without a word."""
    program = (
        "from powertraderd.supervision.outlet import install; import sys\n"
        "outlet = install()\n"
        "for _ in range(300): print('x' * 999); print('y' * 999, file=sys.stderr)\n"
        "sys.exit(0 if outlet.take_lost() else 1)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.wait(20) == 0
