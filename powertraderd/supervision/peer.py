"""Who is at the other end of a control connection: the kernel's word, never the client's."""

import grp
import socket
import struct
from dataclasses import dataclass

from powertraderd.errors import ConfigError
from powertraderd.supervision.verbs import Role

_SO_PEERGROUPS = 59  # Linux 4.13; the socket module has no name for it
_MOST_BYTES = 1024  # more than this getsockopt does not take
_GID_BYTES = 4
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """Process, user and groups of a client, as they were when it connected."""

    pid: int
    uid: int
    gids: frozenset[int]


def identify(connection: socket.socket) -> Peer:
    """SO_PEERCRED and SO_PEERGROUPS of ``connection``; asks no user database, so cannot block."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return Peer(pid, uid, frozenset({gid, *_groups(connection)}))


def _groups(connection: socket.socket) -> tuple[int, ...]:
    """Supplementary groups; none where the kernel has too many to tell: fewer rights, not more."""
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)
    except OSError:
        return ()
    return struct.unpack(f"{len(raw) // _GID_BYTES}I", raw)


def role(peer: Peer, *, service_uid: int, admin_gid: int | None) -> Role:
    """Root and the service's own user may do everything, the admin group trade, others read."""
    if peer.uid in {0, service_uid}:
        return Role.ADMIN
    if admin_gid is not None and admin_gid in peer.gids:
        return Role.TRADE
    return Role.READ


def group_id(name: str | None) -> int | None:
    """The gid of ``[control] admin_group``; raises ConfigError when there is no such group."""
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        msg = f"[control] admin_group = {name!r}: no such group; groupadd --system {name}"
        raise ConfigError(msg) from None
