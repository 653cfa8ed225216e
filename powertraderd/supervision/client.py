"""The other end of the control socket: find it, ask one question, get one answer.

Imports little on purpose: `ptctl status` has to answer at once.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from powertraderd.errors import ExitCode, PowertraderError
from powertraderd.places import SOCKET_NAME, SOCKET_VARIABLE, SYSTEM_RUNTIME_DIR, user_runtime_dir
from powertraderd.supervision.protocol import (
    MAX_MESSAGE,
    Answer,
    BadRequest,
    Code,
    Request,
    encode_request,
    parse_answer,
    parse_args,
    refusal,
)

DEFAULT_TIMEOUT_S = 5.0


class DaemonUnreachable(PowertraderError):
    """No daemon answers: start one with `powertraderd run`, or name its socket with --socket."""

    exit_code = ExitCode.TEMPORARY


class SocketForbidden(DaemonUnreachable):
    """The socket is there, but this user may not open it."""


def find_socket(explicit: Path | None, *, system_dir: Path = SYSTEM_RUNTIME_DIR) -> Path:
    """The control socket: ``explicit``, else POWERTRADERD_SOCKET, else the system's, else our own.

    The system's is taken where its folder exists and holds a socket (or may not be looked into),
    the user's own otherwise, whether it is there or not. Raises DaemonUnreachable where that
    folder belongs to somebody else.
    """
    if explicit is not None:
        return explicit
    named = os.environ.get(SOCKET_VARIABLE)
    if named:
        return Path(named)
    system = system_dir / SOCKET_NAME
    try:
        found = system.exists()
    except PermissionError:
        found = True
    return system if found else _own(user_runtime_dir()) / SOCKET_NAME


def _own(folder: Path) -> Path:
    """A folder under /tmp could have been made by anybody, to listen to what we ask for."""
    if folder.exists() and folder.stat().st_uid not in {0, os.getuid()}:
        msg = f"{folder} belongs to somebody else; name the daemon's socket with --socket"
        raise DaemonUnreachable(msg)
    return folder


def new_request_id() -> str:
    """An id that nobody has used: repeat it and the answer is repeated, not the deed."""
    return os.urandom(8).hex()


class Client:
    """Asks the daemon that listens at ``path``; one connection per question."""

    def __init__(self, path: Path) -> None:
        """Remember the socket; nothing is opened yet."""
        self.path = path

    def request(
        self,
        verb: str,
        args: Mapping[str, Any] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        request_id: str | None = None,
    ) -> Answer:
        """Ask and wait at most ``timeout_s`` machine seconds.

        No answer in time is an answer too (code ``timed_out``), and so is a request that the
        protocol does not know. Raises DaemonUnreachable when nobody listens or the daemon goes
        away, SocketForbidden when this user may not ask.
        """
        identity = request_id or new_request_id()
        try:
            message = encode_request(Request(identity, verb, parse_args(verb, dict(args or {}))))
        except BadRequest as bad:
            return refusal(identity, bad.code, str(bad))
        try:
            return self._exchange(message, timeout_s)
        except TimeoutError:
            return refusal(identity, Code.TIMED_OUT, _late(self.path, timeout_s, identity))
        except BadRequest as bad:
            msg = f"{self.path} answered, but not as this version of ptctl expects: {bad}"
            raise DaemonUnreachable(msg) from None
        except OSError as error:
            raise _unreachable(self.path, error) from None

    def _exchange(self, message: bytes, timeout_s: float) -> Answer:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(self.path))
            reply = _exchange(connection, message)
        if not reply:
            msg = f"The daemon at {self.path} hung up without an answer; look at its log."
            raise DaemonUnreachable(msg)
        return parse_answer(reply)


def _exchange(connection: socket.socket, message: bytes) -> bytes:
    """The reply, also where the daemon answered and hung up before it read: it was too busy."""
    try:
        connection.send(message)
        return connection.recv(MAX_MESSAGE + 1)
    except (BrokenPipeError, ConnectionResetError):
        return connection.recv(MAX_MESSAGE + 1)


def _late(path: Path, timeout_s: float, identity: str) -> str:
    return (
        f"The daemon at {path} did not answer within {timeout_s:g} s; what was asked may still "
        f"happen: repeat it with --request-id {identity} to learn its outcome."
    )


def _unreachable(path: Path, error: OSError) -> DaemonUnreachable:
    if isinstance(error, PermissionError):
        msg = f"You may not open {path}: {_remedy(path)}"
        return SocketForbidden(msg)
    if isinstance(error, FileNotFoundError):
        return DaemonUnreachable(
            f"No daemon at {path}: start one with `powertraderd run`, or name its socket with "
            f"--socket or {SOCKET_VARIABLE}."
        )
    if isinstance(error, ConnectionRefusedError):
        return DaemonUnreachable(
            f"Nobody listens at {path}: the daemon that made it is gone. Start it again with "
            "`powertraderd run` or `systemctl start powertraderd`."
        )
    return DaemonUnreachable(f"The daemon at {path} cannot be asked: {error.strerror or error}.")


def _remedy(path: Path) -> str:
    """Which group opens the socket, where that can be seen."""
    import grp  # noqa: PLC0415 - only needed for this message

    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "ask as root, or as a member of the daemon's admin group."
    return f"ask as root, or as a member of group {group} (log in again after being added)."
