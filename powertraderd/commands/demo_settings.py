"""The settings of `powertraderd demo`: a lively market in which a minute is a month."""

import socket
from pathlib import Path

FILE_NAME = "powertraderd.toml"
_USUAL_PORT = 9464

_TEXT = """\
# Made by `powertraderd demo`. Paper money, made-up market, accelerated clock.
[trading]
mode = "paper"
coins = ["BTC", "ETH", "SOL", "XRP", "DOGE"]
tick_seconds = 0.1

[candles]
source = "synthetic"
seed = 7
volatility_pct = 1.6
history_start = 2023-06-01T00:00:00Z

[clock]
kind = "accelerated"
start = 2024-01-01T00:00:00Z
speed = 7200  # two market hours per second

[paper]
starting_cash = 10000

[dca]
cooldown_minutes = 60

[signal]
interval_seconds = 0.1
max_age_seconds = 86400

[training]
interval_seconds = 0.1

[risk]
quote_max_age_seconds = 86400
candle_max_age_seconds = 172800
max_drawdown_pct = 90
daily_loss_limit_usd = 5000
max_orders_per_hour = 1000

[paths]
state_dir = "state"

[exporter]
listen = "127.0.0.1:{port}"

[logging]
level = "info"
file = "state/powertraderd.log"
"""


def write(folder: Path) -> Path:
    """Write the settings file, and make the state folder, inside ``folder``.

    The runtime folder stays the user's own, where ptctl looks.
    """
    (folder / "state").mkdir(mode=0o700)
    path = folder / FILE_NAME
    path.write_text(_TEXT.format(port=_free_port()), encoding="utf-8")
    return path


def _free_port() -> int:
    """The usual port for metrics; any other (0) where somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _USUAL_PORT))
        except OSError:
            return 0
    return _USUAL_PORT
