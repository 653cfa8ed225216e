"""The systemd units, rendered for Debian 12 and for Debian 13, as systemd itself judges them."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import jinja2
import pytest

SYSTEMD = Path(__file__).parents[2] / "ops/systemd"
EXPOSURE = 1.1
_VARIABLES: Mapping[str, object] = {
    "ansible_managed": "by a test",
    "powertraderd_base_dir": "/opt/powertraderd",
    "powertraderd_config_dir": "/etc/powertraderd",
    "powertraderd_credentials_dir": "/etc/powertraderd/credentials",
    "powertraderd_credentials": {"coinbase-key": "x"},
    "powertraderd_memory_max": "512M",
}
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (see .ci/run)"
)


def _rendered(version: int, *, encrypted: bool = True) -> str:
    """The daemon's unit as the role renders it: Ansible trims blocks and keeps the last newline."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SYSTEMD),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - a unit file is no HTML
    )
    return environment.get_template("powertraderd.service.j2").render(
        _VARIABLES,
        powertraderd_systemd_version=version,
        powertraderd_credentials_encrypted=encrypted,
    )


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """All units in a folder; what they start is a command that exists here."""
    found = [SYSTEMD / "powertraderd-backup.service", SYSTEMD / "powertraderd-backup.timer"]
    texts = {path.name: path.read_text("utf-8") for path in found}
    texts["powertraderd.service"] = _rendered(252)
    for name, text in texts.items():
        startable = text.replace("/opt/powertraderd/current/venv/bin/powertraderd", "/bin/true")
        (tmp_path / name).write_text(startable, encoding="utf-8")
    return [tmp_path / name for name in texts]


def _analyze(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *words],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{folder}:"},
    )


@needs_systemd
def test_systemd_finds_nothing_to_complain_about(units: list[Path]) -> None:
    """No unknown key, no unit that is missing."""
    verified = _analyze("verify", "--man=no", *map(str, units), folder=units[0].parent)
    assert (verified.returncode, verified.stderr) == (0, "")


@needs_systemd
def test_the_services_expose_no_more_than_they_did(units: list[Path]) -> None:
    """The score of `systemd-analyze security`, 0 is best and 10 is no sandbox at all."""
    for unit in units:
        if unit.suffix == ".service":
            words = ("security", "--offline=true", "--no-pager", str(unit))
            found = re.search(r"level for .*: (\d+\.\d+)", _analyze(*words, folder=unit).stdout)
            assert found is not None
            assert float(found[1]) <= EXPOSURE, unit.name


def test_each_systemd_gets_what_it_knows() -> None:
    """253 reloads by signal and waits for READY; 257 can show every user to the daemon."""
    keys = {version: set(_rendered(version).splitlines()) for version in (252, 257)}
    assert {"Type=notify", "ExecReload=/bin/kill -HUP $MAINPID", "PrivateUsers=yes"} <= keys[252]
    assert {"Type=notify-reload", "PrivateUsers=identity"} <= keys[257]
    assert not any(line.startswith("ExecReload=") for line in keys[257])


def test_credentials_are_sealed_unless_the_owner_says_otherwise() -> None:
    """They come from a file either way, and never stand in the unit."""
    path = "coinbase-key:/etc/powertraderd/credentials/coinbase-key"
    assert f"LoadCredentialEncrypted={path}" in _rendered(252)
    assert f"LoadCredential={path}" in _rendered(252, encrypted=False)
    assert "Environment" not in _rendered(252)


def test_the_unit_keeps_the_promises_of_the_design() -> None:
    """Watchdog, stop, restarts and exit codes."""
    expected = {
        "NotifyAccess=main", "WatchdogSec=30", "TimeoutStopSec=60", "KillMode=mixed",
        "Restart=on-failure", "RestartSec=10", "StartLimitIntervalSec=600", "StartLimitBurst=5",
        "RestartPreventExitStatus=77 78", "OOMPolicy=continue", "NoNewPrivileges=yes",
        "ProtectSystem=strict", "CapabilityBoundingSet=", "UMask=0077",
    }  # fmt: skip
    assert expected <= set(_rendered(252).splitlines())
