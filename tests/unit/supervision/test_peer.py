"""Who may do what."""

import contextlib
import grp
import os
import socket
import tempfile
from pathlib import Path

import pytest

from powertraderd.errors import ConfigError
from powertraderd.supervision.peer import Peer, group_id, identify, role
from powertraderd.supervision.verbs import Role

SERVICE, ADMINS = 990, 991


@pytest.mark.parametrize(
    ("uid", "gids", "expected"),
    [
        (0, {0}, Role.ADMIN),
        (SERVICE, {SERVICE}, Role.ADMIN),
        (1000, {1000, ADMINS}, Role.TRADE),
        (1000, {1000}, Role.READ),
    ],
)
def test_root_and_the_service_do_everything_admins_trade_others_read(
    uid: int, gids: set[int], expected: Role
) -> None:
    """The whole table."""
    peer = Peer(1, uid, frozenset(gids))
    assert role(peer, service_uid=SERVICE, admin_gid=ADMINS) is expected


def test_without_an_admin_group_nobody_is_in_it() -> None:
    """Group 0 is not "no group"."""
    assert role(Peer(1, 1000, frozenset({0})), service_uid=1, admin_gid=None) is Role.READ


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    """Ourselves, with all our groups."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        peer = identify(ours)
    assert (peer.pid, peer.uid) == (os.getpid(), os.getuid())
    assert {os.getgid(), *os.getgroups()} == peer.gids


def _connect_as_somebody_else(path: Path) -> None:
    """In a forked child, because another user may not run our interpreter."""
    os.setgroups([ADMINS])
    os.setgid(12346)
    os.setuid(12345)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(str(path))
        client.recv(1)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_supplementary_groups_of_another_user_are_seen() -> None:
    """A member of the admin group counts, whatever its primary group is."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
    ):
        path = Path(folder) / "sock"
        path.parent.chmod(0o755)
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen()
        listener.settimeout(10)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                _connect_as_somebody_else(path)
            os._exit(0)
        connection, _ = listener.accept()
        with connection:
            peer = identify(connection)
        os.waitpid(child, 0)
    assert (peer.uid, sorted(peer.gids)) == (12345, [ADMINS, 12346])


def test_the_admin_group_is_found_by_name() -> None:
    """None stays none; an unknown one names the remedy."""
    known = grp.getgrall()[0]
    assert group_id(known.gr_name) == known.gr_gid
    assert group_id(None) is None
    with pytest.raises(ConfigError, match="groupadd --system no-such-group"):
        group_id("no-such-group")
