"""Backtests: ours, which learns as it goes, beside backtesting.py and freqtrade, in one run.

All of them run over the same recorded hours of five coins, each in its own environment that this
benchmark makes (packages by name from the registry). The others run the nearest equivalent of the
strategy: an entry below a level made of the last twenty candles, averaging down by the hard levels,
a trailing exit. They learn nothing; ours learns seven timeframes of every coin and predicts each
candle from those before it. Figures are CPU seconds of the runs alone, reading files is left out.

freqtrade asks the venue for its markets when it starts; here it is handed a description of five
pairs instead, and what it runs then is its own backtesting, unchanged.

    python benchmarks/backtest.py [FOLDER]
"""

import json
import subprocess
import sys
import tempfile
import time
import venv
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertraderd.adapters.candle_csv import read_hours
from powertraderd.adapters.replay import hours_file
from powertraderd.backtest.engine import Simulation
from powertraderd.backtest.plan import Plan
from powertraderd.backtest.track import walk
from powertraderd.model.candle import MONDAY, Coin
from powertraderd.model.money import Usd
from powertraderd.model.rules import StrategyRules, TrainingRules

COINS = tuple(Coin(name) for name in ("BTC", "ETH", "XRP", "BNB", "DOGE"))
USUAL_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "candles"
RIVALS = {
    "backtesting.py": ("with_backtesting_py.py", "backtesting"),
    "freqtrade": ("with_freqtrade.py", "freqtrade"),
}


def ours(folder: Path) -> dict[str, float]:
    """Learning and trading of all coins on one account."""
    hours = {coin: read_hours(path) for coin in COINS if (path := hours_file(coin, folder))}
    begun = time.process_time()
    tracks = [walk(coin, each, TrainingRules(), week_offset=MONDAY) for coin, each in hours.items()]
    learned = time.process_time() - begun
    plan = Plan(
        rules=StrategyRules(),
        cash=Usd(Decimal(10_000)),
        fee_rate=Decimal("0.006"),
        spread_pct=Decimal("0.05"),
        start=datetime(2022, 7, 1, tzinfo=UTC),
        end=datetime(2100, 1, 1, tzinfo=UTC),
    )
    outcome = Simulation(tracks, plan).run()
    seconds = time.process_time() - begun
    return {
        "candles": sum(len(each) for each in hours.values()),
        "seconds": seconds,
        "learning": learned,
        "trades": len(outcome.trades),
    }


def rival(script: str, package: str, folder: Path, place: Path) -> dict[str, Any] | None:
    """What the other one says of itself; None where it cannot be installed or run."""
    environment = place / package
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    installed = subprocess.run([python, "-m", "pip", "install", "-q", package], check=False)
    if installed.returncode:
        return None
    path = Path(__file__).parent / "rivals" / script
    ran = subprocess.run(
        [python, path, folder, *COINS], capture_output=True, text=True, check=False, cwd=place
    )
    if ran.returncode:
        print(ran.stderr[-2000:], file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Print a table with ratios."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else USUAL_FOLDER
    if not folder.is_dir():
        print(f"backtest: no candles in {folder}")
        return
    mine = ours(folder)
    each_us = 1e6 * mine["seconds"] / mine["candles"]
    print(f"{'':16} {'candles':>9} {'CPU s':>8} {'us/candle':>10} {'ratio':>7}")
    print(f"{'powertraderd':16} {mine['candles']:9} {mine['seconds']:8.2f} {each_us:10.1f}   1.0")
    print(f"  of which learning {mine['learning']:.2f} s; {mine['trades']} orders")
    with tempfile.TemporaryDirectory() as place:
        for name, (script, package) in RIVALS.items():
            found = rival(script, package, folder, Path(place))
            if found is None:
                print(f"{name:16} could not be installed or run here")
                continue
            us = 1e6 * found["seconds"] / found["candles"]
            print(
                f"{name:16} {found['candles']:9} {found['seconds']:8.2f} {us:10.1f} "
                f"{us / each_us:7.2f}  ({found['trades']} trades)"
            )


if __name__ == "__main__":
    main()
