"""The desk behind the control socket: who may ask, what was asked before, who answers."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from powertraderd import log
from powertraderd.supervision.fleet import Fleet, Worker
from powertraderd.supervision.halting import Halting
from powertraderd.supervision.hold import Hold, NotDurable
from powertraderd.supervision.peer import Peer, role
from powertraderd.supervision.protocol import Answer, Code, Request, refusal
from powertraderd.supervision.relay import Delivery, Relay, Replays
from powertraderd.supervision.states import (
    Event,
    Life,
    RestartAsked,
    StartAsked,
    StopAsked,
    Unpark,
)
from powertraderd.supervision.status import death_words
from powertraderd.supervision.verbs import Answerer, Because, OfWorker, Role

_EVENTS: Mapping[str, Event] = {
    "start": StartAsked(),
    "stop": StopAsked(),
    "restart": RestartAsked(),
    "unpark": Unpark(),
}


@dataclass(frozen=True, slots=True)
class Access:
    """Whom the kernel's word on a peer makes what."""

    service_uid: int
    admin_gid: int | None


class Desk:
    """Answers requests, or hands them to a worker."""

    def __init__(
        self,
        fleet: Fleet,
        hold: Hold,
        access: Access,
        documents: Mapping[str, Callable[[], dict[str, Any]]],
        reload: Callable[[int, Request], None],
    ) -> None:
        """``documents`` make the answer by verb; ``reload`` begins one and answers later."""
        self._fleet = fleet
        self._hold = hold
        self._access = access
        self._documents = documents
        self._reload = reload
        self._log = log.get(__name__)
        self._replays = Replays()
        self.relay = Relay(self._replays, self._explain)
        self.halting = Halting(fleet, hold, self._replays)

    def handle(self, request: Request, peer: Peer, client: int) -> Answer | None:
        """The answer, or None where it comes later."""
        access = self._access
        rights = role(peer, service_uid=access.service_uid, admin_gid=access.admin_gid)
        if rights < request.role:
            return self._forbid(request, peer)
        known = self._replays.find(peer.uid, request) if request.role > Role.READ else None
        if known is not None:
            return known
        answer = self._dispatch(request, peer, client)
        if request.role > Role.READ:
            self._audit(request, peer, "relayed" if answer is None else answer.code)
        if answer is not None:
            self._replays.keep(peer.uid, request, answer)
        return answer

    def heard(self, worker: str, message: dict[str, Any]) -> list[Delivery]:
        """What a worker says about requests and trading."""
        match message:
            case {"type": "ack", "id": str(request_id)}:
                self.relay.acknowledged(worker, request_id)
            case {
                "type": "answer",
                "id": str(request_id),
                "ok": bool(ok),
                "code": str(code),
                "message": str(text),
                "data": dict(data),
            }:
                if self.relay.only_looks(worker, request_id):  # a live view asks twice a second
                    self._log.debug("request_answered", request_id=request_id, of=worker, code=code)
                else:
                    self._log.info("request_answered", request_id=request_id, of=worker, code=code)
                return self.relay.answered(worker, Answer(request_id, ok, code, text, data))
            case {"type": "halt", "reason": str(reason)}:
                self.halt(reason, worker)
            case _:
                self._log.warning("worker_sends_nonsense", of=worker, type=message["type"])
        return []

    def halt(self, reason: str, who: str) -> None:
        """A worker found what only the owner can put right."""
        self._log.critical("trading_halted", reason=reason, by=who)
        try:
            self._hold.hold(halted=True, reason=reason, who=who)
        except NotDurable:
            return  # it holds in this run, and the log has said that it will not outlive it

    def _forbid(self, request: Request, peer: Peer) -> Answer:
        self._audit(request, peer, Code.FORBIDDEN)
        text = f"{request.verb} needs root, the daemon's own user or its admin group"
        return refusal(request.id, Code.FORBIDDEN, text)

    def _audit(self, request: Request, peer: Peer, outcome: str) -> None:
        self._log.info(
            "control_request",
            request_id=request.id,
            verb=request.verb,
            args=str(request.args),
            uid=peer.uid,
            pid=peer.pid,
            outcome=str(outcome),
        )

    def _dispatch(self, request: Request, peer: Peer, client: int) -> Answer | None:
        if request.answerer is not Answerer.SUPERVISOR:
            return self._relay(request, peer, client)
        match request.args:
            case OfWorker(worker):
                return self._command(request, worker)
            case Because(reason):
                return self._trading(request, reason, peer.uid, client)
        if request.verb == "reload":
            self._reload(client, request)
            return None
        return Answer(request.id, ok=True, code=Code.OK, data=self._documents[request.verb]())

    def _relay(self, request: Request, peer: Peer, client: int) -> Answer | None:
        worker = self._fleet.workers[request.answerer.value]
        if worker.child is None or worker.state.life is not Life.RUNNING:
            remedy = _TO_BE_READY.get(worker.state.life, "`ptctl wait` until it is")
            text = f"{worker.role} is not ready: {self._explain(worker.role)}; "
            text += remedy.format(worker.role)
            return refusal(request.id, Code.NOT_READY, text)
        return self.relay.ask(
            request,
            uid=peer.uid,
            client=client,
            send=worker.child.channel.send,
            now_ns=time.monotonic_ns(),
        )

    def _command(self, request: Request, name: str) -> Answer:
        worker = self._fleet.workers.get(name)
        if worker is None:
            text = f"there is no worker {name}; there are {', '.join(self._fleet.workers)}"
            return refusal(request.id, Code.BAD_ARGUMENTS, text)
        if request.verb in {"start", "restart"} and worker.state.life is Life.PARKED:
            text = f"{name} is parked ({worker.state.parked_because}); mend it, then unpark it"
            return refusal(request.id, "parked", text)
        to_unpark = worker.state.life is Life.PARKED or worker.state.safe_mode
        if request.verb == "unpark" and not to_unpark:
            text = f"{name} is not parked, it is {worker.state.life}"
            return refusal(request.id, "not_parked", text)
        self._fleet.feed(worker, _EVENTS[request.verb])
        state = {"state": worker.state.life.upper(), "incarnation": worker.state.incarnation}
        text = f"{request.verb} {name}: it is {worker.state.life}"
        return Answer(request.id, ok=True, code=Code.OK, message=text, data=state)

    def _trading(self, request: Request, reason: str, uid: int, client: int) -> Answer | None:
        """Durable first. Whoever holds back is answered once the trader has heard it."""
        answer = self._decide(request, reason, f"uid {uid}")
        if request.verb == "resume":
            return answer
        self.halting.wait(client, uid, request, answer, time.monotonic_ns())
        return None

    def _decide(self, request: Request, reason: str, who: str) -> Answer:
        try:
            if request.verb == "resume":
                self._hold.release(who=who)
            else:
                self._hold.hold(halted=request.verb == "halt", reason=reason, who=who)
        except NotDurable as error:
            return refusal(request.id, "not_durable", f"{_EFFECT[request.verb]}, but {error}")
        self._log.warning("trading_" + request.verb, reason=reason, by=who)
        text = _DONE[request.verb]
        return Answer(request.id, ok=True, code=Code.OK, message=text, data=self._standing())

    def _standing(self) -> dict[str, Any]:
        state = self._hold.state
        return {"paused": state.paused, "halted": state.halted, "reason": state.reason}

    def _explain(self, name: str) -> str:
        """What the worker is doing, for those who wait for it."""
        worker = self._fleet.workers[name]
        if worker.child is not None and worker.page is not None:
            return _busy(worker)
        why = worker.state.parked_because or death_words(worker.state.last_death)
        return f"{worker.state.life} ({why})" if why else str(worker.state.life)


_TO_BE_READY = {
    Life.STOPPED: "`ptctl start {}` starts it",
    Life.PARKED: "mend the cause, then `ptctl unpark {}`",
}
_DONE = {
    "pause": "reducing: nothing is bought; exits go on",
    "reduce": "reducing: nothing is bought; exits go on",
    "halt": "halted: nothing is bought or sold",
    "resume": "trading goes on",
}
_EFFECT = {
    "pause": "reducing for now",
    "reduce": "reducing for now",
    "halt": "halted for now",
    "resume": "not resumed",
}


def _busy(worker: Worker) -> str:
    page = worker.page
    if page is None:
        return str(worker.state.life)
    age_s = (time.monotonic_ns() - page.phase_started_ns) / 1_000_000_000
    where = f"{page.phase} {page.detail}".strip()
    return f"in {where} for {age_s:.0f} s"
