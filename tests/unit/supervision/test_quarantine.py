"""Poison calls are kept away from, longer each time."""

from powertraderd.supervision.backoff import Backoff
from powertraderd.supervision.quarantine import Quarantine, active, quarantined

GROWTH = Backoff(base_ns=60, cap_ns=200)


def test_a_call_that_hung_is_avoided_for_its_key_only() -> None:
    """Other orders, and other calls for the same order, stay open."""
    entries = quarantined((), "coinbase.get_order", "a1", 1_000, GROWTH)
    assert entries == (Quarantine("coinbase.get_order", "a1", 1_060, 1),)
    assert active(entries, "coinbase.get_order", "a1", 1_059)
    assert not active(entries, "coinbase.get_order", "a1", 1_060)
    assert not active(entries, "coinbase.get_order", "b2", 1_000)
    assert not active(entries, "coinbase.cancel_order", "a1", 1_000)


def test_every_strike_doubles_the_delay_up_to_the_cap() -> None:
    """60, 120, 200, 200."""
    entries: tuple[Quarantine, ...] = ()
    delays = []
    for _ in range(4):
        entries = quarantined(entries, "quotes", "BTC", 1_000, GROWTH)
        delays.append(entries[-1].until_ns - 1_000)
    assert delays == [60, 120, 200, 200]
    assert len(entries) == 1


def test_a_phase_without_a_key_cannot_be_avoided() -> None:
    """There is no other route around "the ledger"."""
    assert quarantined((), "ledger.commit", "", 1_000, GROWTH) == ()


def test_the_newest_entries_are_kept() -> None:
    """The list that a worker is handed stays small."""
    entries: tuple[Quarantine, ...] = ()
    for number in range(100):
        entries = quarantined(entries, "get_order", str(number), number, GROWTH)
    assert [entry.detail for entry in entries] == [str(number) for number in range(36, 100)]
