"""F17: heartbeat pages that are torn, overwritten, somebody else's, or pulled away."""

import pytest

from powertraderd.testing.rig import Daemon, until


def test_f17_a_page_that_is_damaged_for_moments_kills_nobody(veteran: Daemon) -> None:
    """The previous page is kept until the next good one."""
    pid = veteran.worker("thinker")["pid"]
    veteran.order("thinker", "once tear")
    until(lambda: len(veteran.diary("thinker", "cycle")) > 20, "the thinker to cycle on")
    assert veteran.worker("thinker")["pid"] == pid
    assert veteran.worker("thinker")["phase"] is not None


@pytest.mark.parametrize(
    ("order", "why"), [("garbage", "page unreadable"), ("stranger", "page of incarnation")]
)
def test_f17_a_page_that_cannot_be_believed_makes_its_worker_mute(
    veteran: Daemon, order: str, why: str
) -> None:
    """Garbage for too long, or the page of another incarnation."""
    pid = veteran.worker("trainer")["pid"]
    veteran.order("trainer", f"once {order}")
    assert why in veteran.logged("worker_mute", "trainer")["why"]
    veteran.replaced("trainer", pid)


def test_f17_a_worker_cannot_pull_the_page_away(veteran: Daemon) -> None:
    """A shrunk page would kill its readers by SIGBUS; the seal refuses it."""
    veteran.order("trader", "once truncate")
    until(lambda: veteran.diary("trader", "truncate refused"), "the refusal")
    assert veteran.ask("status").ok
