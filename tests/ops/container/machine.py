"""A Debian container that really boots: systemd is its PID 1, and it has no network.

The nearest thing to LXC container 114 that can be had without Proxmox: systemd-nspawn, entered with
nsenter. Root is needed, and a kernel that lets us make namespaces.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = (
    "systemd,systemd-sysv,dbus,libpam-systemd,libnss-systemd,python3,python3-venv,logrotate,"
    "iproute2,procps,ca-certificates,jq,prometheus,prometheus-alertmanager"
)
TOOLS = ("systemd-nspawn", "mmdebstrap", "nsenter", "unshare", "/usr/sbin/sshd", "ssh-keygen")
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAMESPACES = ("-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w")
Result = subprocess.CompletedProcess[str]


def until(met: Callable[[], object], what: str, patience_s: float = 90) -> None:
    """Poll until ``met``; a loaded machine gets its time."""
    end = time.monotonic() + patience_s
    while not met():
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience_s:.0f} s in vain for {what}")
        time.sleep(0.1)


def root_file_system() -> Path:
    """A bare Debian tree, made once and kept in the user's cache folder; not to be written to."""
    suite = _release()
    key = hashlib.sha256(f"{suite} {PACKAGES}".encode()).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "powertraderd"
    base.mkdir(parents=True, exist_ok=True)
    tree = base / f"rootfs-{suite}-{key}"
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            fresh = tree.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root"]
            subprocess.run(
                [*command, f"--include={PACKAGES}", suite, str(fresh), *_apt_sources()],
                check=True,
                stdin=subprocess.DEVNULL,
            )
            fresh.rename(tree)
    return tree


def python_version() -> str:
    """The Python of the container, as 3.11."""
    (library,) = root_file_system().glob("usr/lib/python3.*")
    return library.name.removeprefix("python")


def _release() -> str:
    lines = Path("/etc/os-release").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)["VERSION_CODENAME"]


def _apt_sources() -> list[str]:
    """Where this machine itself gets its packages from."""
    folder = Path("/etc/apt")
    found = [folder / "sources.list", *sorted(folder.glob("sources.list.d/debian*"))]
    return [str(path) for path in found if path.is_file() and path.stat().st_size]


class Machine:
    """One container on a copy of the tree."""

    def __init__(self, root: Path, console: Path) -> None:
        """``root`` is the container's own tree; what it prints while booting goes to a file."""
        self.root = root
        self.leader = 0
        self._console = console
        self._nspawn: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Start it and wait until systemd has done all that it was asked to."""
        command = ("systemd-nspawn", "--quiet", "-D", str(self.root), "--machine=ct114", "--boot")
        with self._console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                [
                    *command,
                    *("--register=no", "--keep-unit"),
                    "--private-network",
                    "--console=pipe",
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        until(self._find_leader, "the container's first process")
        until(
            lambda: self._state() in {"running", "degraded"}, "the container's systemd to be done"
        )

    def _find_leader(self) -> bool:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, self._console.read_text()
        pid = self._nspawn.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.leader = int(children[0]) if children else 0
        return bool(children)

    def _state(self) -> str:
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def run(
        self, *argv: str, check: bool = True, text_in: str = "", timeout: float = 120
    ) -> Result:
        """Run a command in the container as root; its output as text."""
        inside = ("nsenter", "-t", str(self.leader), *_NAMESPACES, "--", "env", "-i", _PATH)
        ran = subprocess.run(
            [*inside, "HOME=/root", "LANG=C.UTF-8", *argv],
            check=False,
            input=text_in,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert ran.returncode == 0 or not check, f"{argv}: {ran.stdout}{ran.stderr}"
        return ran

    def shell(self, script: str, *, check: bool = True) -> str:
        """Standard output of a shell script run as root in the container."""
        return self.run("sh", "-c", script, check=check).stdout

    def property(self, name: str, unit: str = "powertraderd.service") -> str:
        """What systemd says about a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def power_off(self) -> None:
        """Shut it down as a person would; a container that does not go is killed."""
        if self._nspawn is None:
            return
        if self._nspawn.poll() is None:
            self.run("systemctl", "poweroff", check=False)
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
            raise
        finally:
            self._nspawn = None


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A booted container that is gone afterwards; one at a time on this machine."""
    tree = root_file_system()
    root = folder / "root"
    with (tree.parent / "one-at-a-time").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["cp", "-a", "--reflink=auto", str(tree), str(root)], check=True)
        (root / "etc/hostname").write_text("powertrader\n")
        (root / "etc/machine-id").write_text("")
        booted = Machine(root, folder / "console.log")
        try:
            booted.boot()
            yield booted
        finally:
            booted.power_off()
            shutil.rmtree(root)
