"""What systemd says of the unit, in words. The properties are as `systemctl show` prints them."""

import stat
from pathlib import Path

import pytest

from powertraderd.commands.checkup import machine
from powertraderd.commands.checkup.finding import Verdict

LOADED = {"LoadState": "loaded", "WatchdogUSec": "30s", "MemoryMax": "536870912",
          "MemoryCurrent": "104857600"}  # fmt: skip


def verdicts(properties: dict[str, str] | None) -> list[tuple[str, Verdict]]:
    """How the unit stands."""
    return [(each.topic, each.verdict) for each in machine.service(properties)]


def test_a_watched_and_limited_unit_is_well() -> None:
    """With the figures."""
    watched, limited = machine.service(LOADED)
    assert (watched.verdict, limited.verdict) == (Verdict.OK, Verdict.OK)
    assert limited.what == "100 MiB of 512 MiB in use"


def test_a_limit_that_is_set_and_not_in_force_is_told() -> None:
    """An unprivileged container without delegation: the property alone would look fine."""
    _, limited = machine.service({**LOADED, "MemoryCurrent": "[not set]"})
    assert limited.verdict is Verdict.WARN
    assert "not in force" in limited.what


@pytest.mark.parametrize("watchdog", ["0", "", "infinity"])
def test_a_unit_without_a_watchdog_is_told(watchdog: str) -> None:
    """A supervisor that hangs would hang for ever."""
    assert verdicts({**LOADED, "WatchdogUSec": watchdog})[0] == ("systemd watchdog", Verdict.WARN)


@pytest.mark.parametrize("properties", [None, {}, {"LoadState": "not-found"}])
def test_no_unit_is_a_warning(properties: dict[str, str] | None) -> None:
    """It may be meant so."""
    assert ("systemd watchdog", Verdict.WARN) in verdicts(properties)


def test_the_properties_are_read_from_systemctl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in, because PID 1 of a test machine need not be systemd; it checks the arguments."""
    script = tmp_path / "systemctl"
    script.write_text(
        '#!/bin/sh\n[ "$1 $2" = "show powertraderd.service" ] || exit 1\n'
        "echo LoadState=loaded\necho WatchdogUSec=30s\necho MemoryMax=infinity\n"
    )
    script.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert machine.unit_properties() == {
        "LoadState": "loaded", "WatchdogUSec": "30s", "MemoryMax": "infinity",
    }  # fmt: skip
    script.write_text("#!/bin/sh\nexit 1\n")
    assert machine.unit_properties() is None
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert machine.unit_properties() is None


def test_the_limit_of_the_own_group_is_read_from_cgroup_v2(tmp_path: Path) -> None:
    """The word max is no limit; version 1 alone says nothing."""
    own, root = tmp_path / "cgroup", tmp_path / "fs"
    (root / "a" / "b").mkdir(parents=True)
    own.write_text("4:memory:/x\n0::/a/b\n")
    assert machine._limit(own, root) is None
    (root / "a" / "b" / "memory.max").write_text("max\n")
    assert machine._limit(own, root) is None
    (root / "a" / "b" / "memory.max").write_text("1048576\n")
    assert machine._limit(own, root) == 1048576
    own.write_text("4:memory:/x\n")
    assert machine._limit(own, root) is None


def test_the_kernel_is_asked_about_its_clock() -> None:
    """Whatever it says, it is one line."""
    (found,) = machine.time_sync()
    assert found.topic == "time sync"
    assert found.verdict in {Verdict.OK, Verdict.WARN}
