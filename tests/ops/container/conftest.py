"""One container for all tests of this folder, and the releases that are deployed into it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.ops.container.deployed import FIRST_KEY, KEY_NAME, Site
from tests.ops.container.machine import TOOLS, machine, python_version
from tests.ops.container.proxmox import PLAYBOOK, REPOSITORY, Proxmox, Run

_SETTINGS: Mapping[str, Mapping[str, object]] = {
    "trading": {"coins": ["BTC", "ETH"], "tick_seconds": 0.25},
    "candles": {
        "source": "synthetic",
        "seed": 7,
        "volatility_pct": 1.6,
        "history_start": "2023-06-01T00:00:00Z",
    },
    "clock": {"kind": "accelerated", "start": "2024-01-01T00:00:00Z", "speed": 7200},
    "signal": {"interval_seconds": 0.25, "max_age_seconds": 86400},
    "training": {"interval_seconds": 0.25},
    "risk": {"quote_max_age_seconds": 86400, "max_orders_per_hour": 1000},
    "coins": {"BTC": {"dca": {"max_per_24h": 3}}},
}
_BROKEN = """

def _broken(_context: Context) -> Role:
    raise ConfigError("this release is broken on purpose")


_trader = _broken
"""


def _cannot() -> str | None:
    """Why no container can be booted here."""
    if os.geteuid() != 0:
        return "needs root, to boot a container"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (see .ci/run)"
    if not PLAYBOOK.exists():
        return "needs Ansible: make .venv-ops/.complete"
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        return "needs a kernel that lets us make a mount namespace"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, and say why, where no container can be booted; give each test its time elsewhere."""
    reason = _cannot()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three releases: this tree, the next version of it, and one whose trader cannot start."""
    folder = tmp_path_factory.mktemp("bundles")
    made = {}
    for name, version in (("first", ""), ("second", "0.90.0"), ("broken", "0.91.0")):
        tree = folder / name
        _copy_tree(tree)
        if version:
            package = tree / "powertraderd/__init__.py"
            package.write_text(f'"""Changed by a test."""\n\n__version__ = "{version}"\n')
        if name == "broken":
            wiring = tree / "powertraderd/workers/wiring.py"
            wiring.write_text(wiring.read_text() + _BROKEN)
        script = tree / "ops/release/bundle.sh"
        environment = {**os.environ, "PYTHON": str(REPOSITORY / ".venv/bin/python")}
        made[name] = subprocess.Popen(
            [str(script), str(tree / "dist")],
            env={**environment, "PYTHONS": python_version()},
            stdout=subprocess.PIPE,
            text=True,
        )
    paths = {name: Path(process.communicate()[0].strip()) for name, process in made.items()}
    assert all(process.returncode == 0 for process in made.values())
    return paths


def _copy_tree(tree: Path) -> None:
    for name in ("powertraderd", "requirements", "ops"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / name, tree / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, tree / name)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory, bundles: dict[str, Path]) -> Iterator[Site]:
    """A container in which nothing was done yet."""
    folder = tmp_path_factory.mktemp("site")
    with machine(folder) as booted:
        proxmox = Proxmox(folder, booted)
        with proxmox.listening():
            booted.shell("useradd alice && useradd mallory")
            variables = {
                "powertraderd_bundle": str(bundles["first"]),
                "powertraderd_settings": _SETTINGS,
                "powertraderd_log_file": True,
                "powertraderd_admin_users": ["alice"],
                "powertraderd_credentials": {KEY_NAME: FIRST_KEY},
            }
            yield Site(booted, proxmox, variables)


@pytest.fixture(scope="session")
def first_run(fresh: Site) -> Run:
    """The first run of site.yml."""
    return fresh.deploy()


@pytest.fixture(scope="session")
def site(fresh: Site, first_run: Run) -> Site:
    """The container with the daemon in it."""
    assert first_run.code == 0, first_run.output
    return fresh
