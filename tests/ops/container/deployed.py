"""What the tests know about the place that they deploy to."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.ops.container.machine import Machine, until
from tests.ops.container.proxmox import Proxmox, Run

FIRST_KEY, SECOND_KEY = "PLANTED-SECRET-ONE", "PLANTED-SECRET-TWO"
KEY_NAME = "coinbase-key"


@dataclass(slots=True)
class Site:
    """The container, the way to it, and the variables that the owner keeps for it."""

    machine: Machine
    proxmox: Proxmox
    variables: dict[str, Any] = field(default_factory=dict)

    def deploy(self, *options: str, **changes: object) -> Run:
        """Run site.yml with the variables, some of them changed for this run."""
        return self.proxmox.play("site.yml", {**self.variables, **changes}, *options)

    def ptctl(self, *words: str, check: bool = True) -> Any:  # noqa: ANN401 - a JSON document
        """What ptctl says to root, as JSON."""
        return json.loads(self.machine.run("ptctl", *words, "--json", check=check).stdout)

    def trades(self) -> list[dict[str, Any]]:
        """The newest trades."""
        trades: list[dict[str, Any]] = self.ptctl("trades", "--limit", "500")["trades"]
        return trades

    def release(self) -> str:
        """The release that is current."""
        return self.machine.shell("basename $(readlink /opt/powertraderd/current)").strip()

    def ready(self) -> bool:
        """Whether all workers are."""
        answer = self.machine.run("ptctl", "status", "--json", check=False)
        if answer.returncode:
            return False
        return all(each["ready"] for each in json.loads(answer.stdout)["workers"].values())

    def wait_ready(self) -> None:
        """Until all workers are."""
        until(self.ready, "all workers to be ready")
