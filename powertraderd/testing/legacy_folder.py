"""A folder as the desktop bot leaves it, small: every file format once, for tests of the import.

One coin (ETH) with three entries per timeframe, two trades that explain its position, a torn last
line, a pending order, and a command that nobody may carry out.
"""

import json
from pathlib import Path

from powertraderd.model.candle import Timeframe

PENDING = "9a000000-0000-4000-8000-00000000dead"
FIRST, SECOND = "9a000000-0000-4000-8000-000000000001", "9a000000-0000-4000-8000-000000000002"
_ENTRIES = ((1.0, 0.5, 2.0, -1.0), (1.2, -0.5, 1.0, -2.0), (-3.0, 0.1, 0.2, -0.3))
_WEIGHTS = {"": (1.0, 1.0, 1.0), "_high": (1.5, 0.5, 1.0), "_low": (1.0, 2.0, 1.0)}
_SETTINGS = {
    "coins": ["btc ", "ETH", "ETH"],
    "trade_start_level": 4,
    "start_allocation_pct": 0.005,
    "dca_levels": [-2.5, -5],
    "max_dca_buys_per_24h": 0,
    "trailing_gap_pct": 0.5,
    "main_neural_dir": "",
    "theme": "Dracula",
}
_TRADES = (
    {"ts": 1700000000.0, "side": "buy", "tag": None, "symbol": "ETH-USD", "qty": 0.5,
     "price": 2000.0, "realized_profit_usd": None, "order_id": "sold-buy",
     "buying_power_delta": -1000.0, "position_cost_after_usd": 1000.0},
    {"ts": 1700003600.0, "side": "sell", "tag": "TRAIL_SELL", "symbol": "ETH-USD", "qty": 0.5,
     "price": 2100.0, "realized_profit_usd": 50.0, "order_id": "sold-sell",
     "buying_power_delta": 1050.0, "position_cost_after_usd": 0.0},
    {"ts": 1700007200.0, "side": "buy", "tag": None, "symbol": "ETH-USD", "qty": 0.02,
     "price": 2000.0, "realized_profit_usd": None, "order_id": FIRST,
     "buying_power_delta": -40.0, "position_cost_after_usd": 40.0},
    {"ts": 1700010800.5, "side": "buy", "tag": "DCA", "symbol": "ETH-USD", "qty": 0.04,
     "price": 1900.0, "realized_profit_usd": None, "order_id": SECOND,
     "buying_power_delta": -76.25, "position_cost_after_usd": 116.25},
)  # fmt: skip
_LEDGER = {
    "total_realized_profit_usd": 50.0,
    "last_updated_ts": 1700010800.0,
    "open_positions": {"ETH": {"usd_cost": 116.25, "qty": 0.06}, "BTC": {"usd_cost": 0, "qty": 0}},
    "pending_orders": {PENDING: {"symbol": "ETH-USD", "side": "buy", "ts": 1700014400.0}},
}


def make(root: Path) -> Path:
    """Write it below ``root`` and return its path."""
    folder = root / "PowerTrader_AI"
    coin, hub = folder / "ETH", folder / "hub_data"
    for each in (coin, hub):
        each.mkdir(parents=True)
    _write_memories(coin)
    (folder / "gui_settings.json").write_text(json.dumps(_SETTINGS))
    _write_hub(hub)
    return folder


def _write_memories(folder: Path) -> None:
    entries = "~".join(f"{p} {c}{{}}{h}{{}}{low}" for p, c, h, low in _ENTRIES)
    for timeframe in Timeframe:
        (folder / f"memories_{timeframe.value}.txt").write_text(entries)
        (folder / f"neural_perfect_threshold_{timeframe.value}.txt").write_text("40.0")
        for part, weights in _WEIGHTS.items():
            text = " ".join(map(str, weights))
            (folder / f"memory_weights{part}_{timeframe.value}.txt").write_text(text)
    (folder / "trainer_last_training_time.txt").write_text("1700000000")
    (folder / "trainer_status.json").write_text('{"coin": "ETH", "state": "FINISHED"}')
    (folder / "low_bound_prices.html").write_text("0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01")


def _write_hub(hub: Path) -> None:
    lines = "".join(json.dumps(trade) + "\n" for trade in _TRADES)
    (hub / "trade_history.jsonl").write_text(lines + '{"ts": 1700014400.5, "side": "bu')
    (hub / "pnl_ledger.json").write_text(json.dumps(_LEDGER))
    values = [{"ts": 1700000000.0 + 60 * n, "total_account_value": 1000 + n} for n in range(3)]
    (hub / "account_value_history.jsonl").write_text("".join(f"{json.dumps(v)}\n" for v in values))
    signal = {"ts": 1700000000.0, "time": "12:00:00", "symbol": "ETH", "action": "SKIP",
              "reason": "Need L>=3 S=0", "long_level": 1, "short_level": 0}  # fmt: skip
    (hub / "signal_log.jsonl").write_text(json.dumps(signal) + "\n")
    status = {"timestamp": 1700010800.0, "positions": {"ETH": {"quantity": 7.06}}}
    (hub / "trader_status.json").write_text(json.dumps(status))
    command = {"action": "sell", "symbol": "ETH", "ts": 1700000000.0}
    (hub / "manual_command.json").write_text(json.dumps(command))
    (hub / "runner_ready.json").write_text('{"ready": true}')
