"""Requests that a worker answers: handed on, acknowledged in time, answered in time, or explained.

No answer in time is an answer too. Repeating a request id repeats the answer and not the deed.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from powertraderd.supervision.protocol import Answer, Code, Request, args_json, refusal
from powertraderd.supervision.verbs import Role

_NS = 1_000_000_000
_MARGIN_NS = _NS // 4  # an acknowledgement sent in the last moment is still under way
_REMEMBERED = 256
_MOST_PENDING = 16

ClientId = int
Delivery = tuple[ClientId, Answer]

# Nothing was done, or it is not known: asking again with the same id must be allowed to find out.
_OPEN_ENDED = frozenset(
    {
        *(Code.TIMED_OUT, Code.BUSY, Code.NOT_READY, Code.INTERNAL),
        *("order_unsettled", "exchange_unavailable"),  # the trader's own words for it
    }
)


class Replays:
    """Answers already given, by user and request id; the newest 256."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._answers: OrderedDict[tuple[int, str], tuple[Request, Answer]] = OrderedDict()

    def find(self, uid: int, request: Request) -> Answer | None:
        """The answer given before, or a refusal where the id stands for another request."""
        known = self._answers.get((uid, request.id))
        if known is None:
            return None
        if known[0] != request:
            return _used(request)
        return known[1]

    def keep(self, uid: int, request: Request, answer: Answer) -> None:
        """Remember a final answer to a changing request."""
        if request.role is Role.READ or answer.code in _OPEN_ENDED:
            return
        self._answers[uid, request.id] = request, answer
        while len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)


def _used(request: Request) -> Answer:
    message = f"request id {request.id} was used for another request; leave it out to get a new one"
    return refusal(request.id, Code.BAD_ARGUMENTS, message)


@dataclass(slots=True)
class _Pending:
    """One request on its way.

    No ``clients`` are left when all were told that it takes long. An ``expired`` one was never
    acknowledged; it is kept a while for the answer that comes late all the same.
    """

    request: Request
    uid: int
    worker: str
    ack_by_ns: int
    answer_by_ns: int
    clients: list[ClientId] = field(default_factory=list)
    acknowledged: bool = False
    expired: bool = False


class Relay:
    """All requests that are with a worker."""

    def __init__(self, replays: Replays, explain: Callable[[str], str]) -> None:
        """``explain(worker)`` says what the worker is doing, for those who wait in vain."""
        self._replays = replays
        self._explain = explain
        self._pending: dict[tuple[str, str], _Pending] = {}
        self.ack_s = 5.0
        self.answer_s = 45.0

    def ask(
        self,
        request: Request,
        *,
        uid: int,
        client: ClientId,
        send: Callable[[dict[str, Any]], bool],
        now_ns: int,
    ) -> Answer | None:
        """Hand the request on; None when the answer comes later, a refusal when it cannot."""
        worker = request.answerer.value
        known = self._pending.get((worker, request.id))
        if known is not None and not known.expired:
            return self._join(known, request, uid, client, now_ns)
        if sum(bool(each.clients) for each in self._pending.values()) >= _MOST_PENDING:
            return refusal(request.id, Code.BUSY, "too many requests are waiting; try again soon")
        ack_by_ns = now_ns + int(self.ack_s * _NS)
        message = {
            "type": "command",
            "id": request.id,
            "verb": request.verb,
            "args": args_json(request.args),
            "expires_ns": ack_by_ns,
            "uid": uid,
        }
        if not send(message):
            text = f"{worker} does not take requests: {self._explain(worker)}"
            return refusal(request.id, Code.NOT_READY, text)
        self._pending[worker, request.id] = _Pending(
            request, uid, worker, ack_by_ns + _MARGIN_NS, self._answer_by(now_ns), [client]
        )
        return None

    def _join(
        self, known: _Pending, request: Request, uid: int, client: ClientId, now_ns: int
    ) -> Answer | None:
        """The same request again while it is under way: wait for the same answer."""
        if (known.request, known.uid) != (request, uid):
            return _used(request)
        known.clients.append(client)
        known.answer_by_ns = self._answer_by(now_ns)
        return None

    def _answer_by(self, now_ns: int) -> int:
        return now_ns + int(self.answer_s * _NS)

    def only_looks(self, worker: str, request_id: str) -> bool:
        """Whether that request changes nothing."""
        known = self._pending.get((worker, request_id))
        return known is not None and known.request.role is Role.READ

    def acknowledged(self, worker: str, request_id: str) -> None:
        """The worker has taken it up."""
        known = self._pending.get((worker, request_id))
        if known is not None:
            known.acknowledged = True

    def answered(self, worker: str, answer: Answer) -> list[Delivery]:
        """The worker is done; whoever still waits gets the answer, and so does who asks again."""
        known = self._pending.pop((worker, answer.id), None)
        if known is None:
            return []
        self._replays.keep(known.uid, known.request, answer)
        return [(client, answer) for client in known.clients]

    def buried(self, worker: str) -> list[Delivery]:
        """The worker died: say whether it had begun."""
        dead = [key for key in self._pending if key[0] == worker]
        deliveries: list[Delivery] = []
        for key in dead:
            known = self._pending.pop(key)
            answer = _orphaned(known)
            deliveries += [(client, answer) for client in known.clients]
        return deliveries

    def overdue(self, now_ns: int) -> list[Delivery]:
        """Who has waited long enough."""
        deliveries: list[Delivery] = []
        for key, known in list(self._pending.items()):
            known.expired = not known.acknowledged and now_ns > known.ack_by_ns
            late = now_ns > known.answer_by_ns
            if known.expired and late:
                del self._pending[key]
            if known.expired or late:
                answer = self._late(known)
                deliveries += [(client, answer) for client in known.clients]
                known.clients = []
        return deliveries

    def next_due_ns(self) -> int | None:
        """When somebody's patience ends."""
        times = [
            known.answer_by_ns if known.acknowledged else min(known.ack_by_ns, known.answer_by_ns)
            for known in self._pending.values()
            if known.clients
        ]
        return min(times, default=None)

    def hung_up(self, client: ClientId) -> None:
        """The client is gone; its request goes on."""
        for known in self._pending.values():
            known.clients = [each for each in known.clients if each != client]

    def _late(self, known: _Pending) -> Answer:
        state = self._explain(known.worker)
        if not known.acknowledged:
            text = f"{known.worker} has not acknowledged: {state}. Nothing was done."
        else:
            text = (
                f"{known.worker} has not finished: {state}. Ask again with --request-id "
                f"{known.request.id} to learn the outcome."
            )
        return refusal(known.request.id, Code.TIMED_OUT, text)


def _orphaned(known: _Pending) -> Answer:
    request_id = known.request.id
    if not known.acknowledged:
        text = f"{known.worker} died before it took the request up. Nothing was done."
        return refusal(request_id, Code.NOT_READY, text)
    text = (
        f"{known.worker} died while doing it. Its successor finds out what became of it: ask again "
        f"with --request-id {request_id}."
    )
    return refusal(request_id, Code.TIMED_OUT, text)
