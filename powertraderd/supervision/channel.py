"""The channel between the supervisor and one worker: one JSON object per SOCK_SEQPACKET message.

supervisor to worker: start, trading, command, drain. worker to supervisor: ready, ack,
answer, report, halt, failed, heard (the number of a trading state that is in force now). Neither
side ever waits for the other.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertraderd.supervision.protocol import MAX_MESSAGE

MESSAGE_BYTES = MAX_MESSAGE + 1024
"""An answer of the greatest size, in its envelope."""


class ChannelClosed(Exception):
    """The other side is gone."""


class BadMessage(ValueError):
    """The other side sent something that is no JSON object of at most 65 KiB."""


@dataclass(frozen=True, slots=True)
class TradingState:
    """What holds the trader back: paused by the owner, safe mode after a trip, halted."""

    paused: bool = False
    safe_mode: bool = False
    halted: bool = False


class Channel:
    """One end."""

    def __init__(self, end: socket.socket) -> None:
        """Take over ``end``."""
        end.settimeout(0)
        self._socket = end

    def fileno(self) -> int:
        """For selectors."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Send now; False when the other side does not read, or is gone.

        Raises BadMessage for a message that is too long.
        """
        data = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
        if len(data) > MESSAGE_BYTES:
            msg = f"a {message.get('type')} message of {len(data)} bytes; {MESSAGE_BYTES} at most"
            raise BadMessage(msg)
        try:
            self._socket.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except OSError:
            return False
        return True

    def receive(self) -> dict[str, Any] | None:
        """The next message, None when there is none by now.

        Raises ChannelClosed when there never will be one, BadMessage for what cannot be used.
        """
        try:
            data, _, flags, _ = self._socket.recvmsg(MESSAGE_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelClosed(str(error)) from None
        if not data:
            raise ChannelClosed
        if flags & socket.MSG_TRUNC:
            raise BadMessage("longer than a message may be")
        return _parse(data)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _parse(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise BadMessage(msg) from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessage("not an object with a type")
    return message


def pair() -> tuple[Channel, socket.socket]:
    """The supervisor's end, and the raw one for the child; both are close-on-exec."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), theirs
