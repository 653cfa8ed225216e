"""A stand-in for the Proxmox host: real sshd on loopback, and a `pct` that leads to one container.

Only `pct` is made up: it is what the real connection plugin calls on the host. It writes down every
call, and it knows no container but 114.
"""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ops.container.machine import Machine, until

REPOSITORY = Path(__file__).parents[3]
PLAYBOOK = REPOSITORY / ".venv-ops/bin/ansible-playbook"
_PCT = """\
#!/bin/sh
printf 'CALL %s\\n' "$*" >> {calls}
if [ "$1 $2 $3" != "exec 114 --" ]; then echo "pct: no such container: $*" >&2; exit 255; fi
shift 3
exec nsenter -t "$(cat {leader})" -m -u -i -n -p -C -r -w -- env -i \\
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
"""
_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
MaxSessions 50
MaxStartups 50
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a playbook did."""

    code: int
    output: str
    ok: int
    changed: int
    failed: int


class Proxmox:
    """The host of one container, and the controller that reaches it by ssh."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        """Keys and files are made in ``folder``; nothing runs yet."""
        self._folder = folder
        self._machine = machine
        self._calls = folder / "pct-calls"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        for name in ("host_key", "user_key"):
            command = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f")
            subprocess.run([*command, str(folder / name)], check=True)
        self._write_known_hosts()
        self._write_inventory()

    def _write_known_hosts(self) -> None:
        home = self._folder / "home/.ssh"
        home.mkdir(parents=True)
        kind, key, *_ = (self._folder / "host_key.pub").read_text().split()
        (home / "known_hosts").write_text(f"[127.0.0.1]:{self._port} {kind} {key}\n")

    def _write_inventory(self) -> None:
        host = {
            "ansible_connection": "community.proxmox.proxmox_pct_remote",
            "ansible_host": "127.0.0.1",
            "ansible_port": self._port,
            "ansible_user": "root",
            "ansible_private_key_file": str(self._folder / "user_key"),
            "ansible_python_interpreter": "/usr/bin/python3",
            "proxmox_vmid": 114,
        }
        groups = ("powertraderd", "monitoring")
        inventory = {group: {"hosts": {"powertrader": host}} for group in groups}
        (self._folder / "hosts.yml").write_text(json.dumps(inventory))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Run sshd in a mount namespace of its own, where /usr/sbin has a `pct`."""
        tools = self._folder / "sbin"
        tools.mkdir()
        pct = _PCT.format(calls=self._calls, leader=self._folder / "leader")
        (tools / "pct").write_text(pct)
        (tools / "pct").chmod(0o755)
        config = self._folder / "sshd_config"
        config.write_text(_SSHD.format(port=self._port, folder=self._folder))
        Path("/run/sshd").mkdir(exist_ok=True)
        overlay = f"mount -t overlay overlay -o lowerdir={tools}:/usr/sbin /usr/sbin"
        serve = f"exec /usr/sbin/sshd -D -e -f {config}"
        with (self._folder / "sshd.log").open("wb") as log:
            sshd = subprocess.Popen(
                ["unshare", "-m", "sh", "-c", f"{overlay} && {serve}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            until(self._answers, "sshd")
            yield
        finally:
            sshd.terminate()
            sshd.wait(10)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def play(
        self,
        name: str,
        variables: Mapping[str, object],
        *options: str,
        trusted: Path | None = None,
    ) -> Run:
        """Run ops/ansible/NAME against the container, as the owner's laptop would.

        ``trusted``: certificates to trust instead of the public ones.
        """
        (self._folder / "leader").write_text(str(self._machine.leader))
        extra = self._folder / "variables.json"
        extra.write_text(json.dumps(dict(variables)))
        extra.chmod(0o600)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder / "home"),
            "LANG": "C.UTF-8",
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks",  # slow tasks are in the log
        }
        book = str(REPOSITORY / "ops/ansible" / name)
        if trusted is not None:
            environment["REQUESTS_CA_BUNDLE"] = str(trusted)
        ran = subprocess.run(
            [str(PLAYBOOK), "-i", str(self._folder / "hosts.yml"), book, f"-e@{extra}", *options],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
        output = ran.stdout + ran.stderr
        with (self._folder / f"{name}.log").open("a") as log:
            log.write(output)
        recap = re.search(r"^powertrader .*$", output, re.MULTILINE)
        assert recap is not None, output
        counts = {key: int(n) for key, n in re.findall(r"(\w+)=(\d+)", recap[0])}
        return Run(ran.returncode, output, counts["ok"], counts["changed"], counts["failed"])

    def calls(self) -> str:
        """Every call of `pct` so far, as text that begins each with CALL."""
        return self._calls.read_text(errors="replace")
