"""The worker's end of the channel: messages, commands, the wish to leave, and the way to wait."""

import json
import select
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from structlog.stdlib import BoundLogger

from powertraderd.errors import ExitCode, TransientExchangeError
from powertraderd.supervision.channel import BadMessage, Channel, ChannelClosed, TradingState
from powertraderd.supervision.protocol import Answer, Code, encode_answer, parse_args, refusal
from powertraderd.workers.role import Command, Context, Role


class Mailbox:
    """The worker's end of the channel."""

    def __init__(self, channel: Channel, log: BoundLogger) -> None:
        """Listen on ``channel``; a role is attached once it exists."""
        self._channel = channel
        self._log = log
        self._attached: tuple[Role, Context] | None = None
        self._serving = False
        self.draining = False
        self._wake, wake_writer = socket.socketpair()
        self._wake.settimeout(0)
        wake_writer.settimeout(0)
        self._wake_writer = wake_writer  # closing it would end the wake-ups

    def attach(self, role: Role, context: Context) -> None:
        """From now on messages go to ``role``, and SIGTERM means: drain."""
        self._attached = role, context
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_sigterm)

    def close(self) -> None:
        """Hang up; SIGTERM ends this process from now on."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for end in (self._wake, self._wake_writer, self._channel):
            end.close()

    def _on_sigterm(self, _number: int, _frame: object) -> None:
        self.draining = True

    def send(self, message: Mapping[str, Any]) -> None:
        """Send, or say in the log that it did not fit."""
        try:
            if not self._channel.send(message):
                self._log.debug("supervisor_does_not_read", type=message["type"])
        except BadMessage as error:
            self._log.warning("message_too_large", error=str(error))

    def wait(self, until_ns: int) -> None:
        """Pause until machine time ``until_ns``, a message or a signal."""
        poll = select.poll()
        poll.register(self._channel.fileno(), select.POLLIN)
        poll.register(self._wake.fileno(), select.POLLIN)
        left_ns = until_ns - time.monotonic_ns()
        if left_ns > 0 and not self.draining:
            poll.poll(-(-left_ns // 1_000_000))
        try:
            self._wake.recv(4096)
        except BlockingIOError:
            return

    def first(self) -> dict[str, Any]:
        """The start message, which waits since before this process was made."""
        message = self._receive()
        if message is None or message["type"] != "start":
            raise SystemExit(ExitCode.INTERNAL)
        return message

    def serve(self) -> bool:
        """Handle all messages that have arrived; False once draining was asked for."""
        if self._serving:  # a command that polls must not run the next command inside itself
            return not self.draining
        self._serving = True
        try:
            while (message := self._receive()) is not None:
                self._handle(message)
        finally:
            self._serving = False
        return not self.draining

    def _receive(self) -> dict[str, Any] | None:
        try:
            return self._channel.receive()
        except ChannelClosed:
            self._log.error("supervisor_gone")
            raise SystemExit(ExitCode.INTERNAL) from None

    def _handle(self, message: dict[str, Any]) -> None:
        if self._attached is None:
            return
        role, context = self._attached
        match message["type"]:
            case "drain":
                self.draining = True
            case "trading":
                context.trading = trading_state(message)
                context.heart.safe_mode(on=context.trading.safe_mode)
                role.trading(context.trading)
                self.send({"type": "heard", "number": message["number"]})
            case "command":
                self._command(message, role, context)
            case other:
                self._log.warning("unknown_message", type=other)

    def _command(self, message: dict[str, Any], role: Role, context: Context) -> None:
        request_id, verb = message["id"], message["verb"]
        if time.monotonic_ns() > message["expires_ns"]:
            # The supervisor has told the client by now that nobody took it up; keep it true.
            self._log.warning("command_expired", request_id=request_id, verb=verb)
            return
        self.send({"type": "ack", "id": request_id})
        command = Command(request_id, verb, parse_args(verb, message["args"]), message["uid"])
        budget_s = context.settings.supervisor.budgets.cycle
        with context.heart.phase(f"command {verb}", budget_s, request_id):
            self._answer(_obey(role, command))

    def _answer(self, outcome: "_Outcome") -> None:
        self.send({"type": "answer", **json.loads(encode_answer(outcome.answer))})
        if outcome.fatal is not None:
            raise outcome.fatal


@dataclass(frozen=True, slots=True)
class _Outcome:
    answer: Answer
    fatal: Exception | None = None


def _obey(role: Role, command: Command) -> _Outcome:
    """Run a command; an unforeseen failure is answered first, and then ends the worker."""
    try:
        return _Outcome(role.command(command))
    except TransientExchangeError as error:
        message = f"the exchange does not answer as it should ({error}): try again in a moment"
        return _Outcome(refusal(command.id, "exchange_unavailable", message))
    except Exception as error:  # noqa: BLE001 - the border of a control request
        message = f"{command.verb} failed: {error}; the worker starts afresh, see its log"
        return _Outcome(refusal(command.id, Code.INTERNAL, message), error)


def trading_state(message: Mapping[str, Any]) -> TradingState:
    """The fields of a ``trading`` message, or of the same part of ``start``."""
    return TradingState(
        paused=bool(message["paused"]),
        safe_mode=bool(message["safe_mode"]),
        halted=bool(message["halted"]),
    )
