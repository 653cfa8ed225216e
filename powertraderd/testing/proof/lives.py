"""What a child of the nursery lives: the real trader with a mark, or the order desk alone."""

from dataclasses import replace
from typing import Any

from powertraderd.testing.proof.desk_life import desk_life
from powertraderd.testing.proof.marks import Mark, Marked, Watch
from powertraderd.testing.proof.nursery import Life
from powertraderd.workers import __main__ as worker
from powertraderd.workers import runtime, wiring
from powertraderd.workers.role import Context, Role
from powertraderd.workers.trader import Trader

_LOADED = (runtime, wiring)
"""Imported here, so that no child has to."""


def trader_life(request: dict[str, Any], descriptors: list[int], nursery_pid: int) -> int:
    """The trader as the product wires it, its two ports watched for the mark."""
    mark = Mark(**request["mark"]) if request["mark"] else None
    page_fd, channel_fd = descriptors

    def wire(name: str, context: Context) -> Role:
        role = wiring.role(name, context)
        if not isinstance(role, Trader):
            raise TypeError(name)
        watch = Watch(mark)
        ports = role._ports  # noqa: SLF001 - the product has no hook for this, and needs none
        broker: Any = Marked(ports.broker, "broker", watch)
        ledger: Any = Marked(ports.ledger, "ledger", watch)
        return Trader(replace(ports, broker=broker, ledger=ledger))

    numbers = (page_fd, channel_fd, nursery_pid)
    names = ("--page-fd", "--channel-fd", "--supervisor-pid")
    options = [text for pair in zip(names, map(str, numbers), strict=True) for text in pair]
    return worker.main(["trader", *options], wire)


LIVES: dict[str, Life] = {"trader": trader_life, "desk": desk_life}
