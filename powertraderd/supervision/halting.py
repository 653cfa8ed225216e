"""Holding back for certain: the answer waits until the trader can send nothing against it.

The word is durable first, then told. A trader that has heard it begins nothing against it; one that
does not hear a halt in time (it hangs, it computes, it waits for an exchange) is killed, and its
successor is born knowing. Only then is the owner told that it is done. A pause waits as well, but
kills nobody for it.
"""

from dataclasses import dataclass, replace

from powertraderd.supervision.fleet import Fleet
from powertraderd.supervision.hold import Hold
from powertraderd.supervision.protocol import Answer, Code, Request, refusal
from powertraderd.supervision.relay import Delivery, Replays
from powertraderd.supervision.roles import TRADER
from powertraderd.supervision.states import KillAsked, Life

_NS = 1_000_000_000


@dataclass(slots=True)
class _Waiting:
    client: int
    uid: int
    request: Request
    answer: Answer
    halt: bool
    until_ns: int
    killed: bool = False


class Halting:
    """Who waits for the trader to have heard."""

    def __init__(self, fleet: Fleet, hold: Hold, replays: Replays) -> None:
        """Nobody waits yet."""
        self._fleet = fleet
        self._hold = hold
        self._replays = replays
        self._waiting: list[_Waiting] = []
        self.patience_s = 2.0

    def wait(self, client: int, uid: int, request: Request, answer: Answer, now_ns: int) -> None:
        """Give ``answer`` once the trader heeds the word that was just made durable."""
        until_ns = now_ns + int(self.patience_s * _NS)
        halt = request.verb == "halt"
        self._waiting.append(_Waiting(client, uid, request, answer, halt, until_ns))

    def sweep(self, now_ns: int) -> list[Delivery]:
        """Answers that are due; kills a trader that let a halt wait too long."""
        deliveries: list[Delivery] = []
        for each in list(self._waiting):
            answer = self._outcome(each, now_ns)
            if answer is None:
                continue
            self._waiting.remove(each)
            self._replays.keep(each.uid, each.request, answer)
            deliveries.append((each.client, answer))
        return deliveries

    def next_due_ns(self) -> int | None:
        """When the next patience ends."""
        return min((each.until_ns for each in self._waiting if not each.killed), default=None)

    def _outcome(self, each: _Waiting, now_ns: int) -> Answer | None:
        held = self._hold.trading()
        if each.halt and not held.halted:
            text = "somebody resumed before the trader had heard of the halt"
            return refusal(each.request.id, "resumed", text)
        trader = self._fleet.workers[TRADER]
        if self._fleet.heeds(trader, self._fleet.trading_of(trader)):
            return each.answer
        if trader.state.life is Life.UNKILLABLE:
            text = (
                "halted and written down, but the trader's process cannot be killed: what it was "
                "doing may still reach the exchange; reboot the machine"
            )
            return refusal(each.request.id, "trader_unkillable", text)
        if now_ns < each.until_ns or each.killed:
            return None
        if each.halt:
            each.killed = True
            self._fleet.feed(trader, KillAsked(), now_ns)
            return None
        text = f"{each.answer.message}; the trader has not heard of it yet: it may be buying now"
        return replace(each.answer, code=Code.OK, message=text)
