"""The last look before an order leaves: whether the owner's durable word still allows it.

A decision may be seconds old by the time that its order is sent. The state file is written before
anybody is told that trading is held back, so it is read once more immediately before the call; what
cannot be read forbids.
"""

from pathlib import Path

from powertraderd.errors import StoreDamaged
from powertraderd.model.decision import TradingState
from powertraderd.model.order import OrderSide
from powertraderd.supervision import state_file


def forbidden(state_dir: Path, trading: TradingState, side: OrderSide) -> str:
    """Why no order of ``side`` may leave; empty when it may."""
    try:
        held = state_file.load(state_dir)
    except StoreDamaged as damage:
        return str(damage)
    if held.halted or trading.halted:
        return f"halted: {held.reason or 'no reason given'}"
    reducing = held.paused or trading.paused or trading.safe_mode
    if reducing and side is OrderSide.BUY:
        return f"reducing: {held.reason or 'no reason given'}"
    return ""
