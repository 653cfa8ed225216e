"""What settings can cost at worst, said before they are in force."""

from collections.abc import Iterator
from decimal import Decimal

from powertraderd.errors import PowertraderError
from powertraderd.model.money import Usd
from powertraderd.settings import Settings
from powertraderd.strategy import worst_case
from powertraderd.supervision.client import Client

_PATIENCE_S = 2.0


def risk_lines(chosen: Settings) -> Iterator[str]:
    """The worst case, and a warning where it is worse than that of the daemon that runs."""
    found = worst_case.of_settings(chosen.rules, chosen.trading.coins)
    yield f"worst case: {worst_case.words(found.needed, found.placed)}"
    running = _running(chosen)
    raised = running and worst_case.raised(running, (found.needed, found.placed))
    if raised:
        yield f"WARNING: more risk than the running daemon takes: {raised}"


def _running(chosen: Settings) -> tuple[Usd, Usd] | None:
    """The same figures of the daemon that uses these folders; None where none answers."""
    try:
        answer = Client(chosen.paths.socket).request("risk", timeout_s=_PATIENCE_S)
    except PowertraderError:
        return None
    figures = answer.data.get("of_settings") if answer.ok else None
    if not isinstance(figures, dict):
        return None
    return Usd(Decimal(figures["needed"])), Usd(Decimal(figures["placed"]))
