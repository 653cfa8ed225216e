"""The nearest equivalent of the strategy in freqtrade; run in that package's own environment.

freqtrade's own backtesting, started by its own command line. The venue's markets, for which it
would ask the network, are handed to it. Prints one JSON line: candles, and CPU seconds of
indicators and backtest together.

    python with_freqtrade.py FOLDER COIN...
"""

import contextlib
import json
import sys
import time
from pathlib import Path

import pandas as pd
from freqtrade.exchange import Exchange
from freqtrade.main import main as freqtrade
from freqtrade.optimize.backtesting import Backtesting

STRATEGY = '''
from freqtrade.strategy import IStrategy


class Ladder(IStrategy):
    """Entry, averaging down, trailing exit."""

    INTERFACE_VERSION = 3
    timeframe = "1h"
    stoploss = -0.99
    minimal_roi = {"0": 100}
    trailing_stop = True
    trailing_stop_positive = 0.005
    trailing_stop_positive_offset = 0.05
    trailing_only_offset_is_reached = True
    position_adjustment_enable = True
    max_entry_position_adjustment = 7
    startup_candle_count = 21
    drawdowns = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)

    def populate_indicators(self, dataframe, metadata):
        before = dataframe["close"].shift(1)
        fall = ((before - dataframe["low"]) / before).rolling(20).mean()
        dataframe["level"] = (dataframe["close"] * (1 - fall)).shift(1)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["close"] < dataframe["level"], "enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe

    def custom_stake_amount(self, pair, current_time, current_rate, proposed_stake, min_stake,
                            max_stake, leverage, entry_tag, side, **kwargs):
        return max(min_stake or 0, self.wallets.get_total_stake_amount() * 0.005)

    def adjust_trade_position(self, trade, current_time, current_rate, current_profit, min_stake,
                              max_stake, **kwargs):
        stage = trade.nr_of_successful_entries - 1
        drop = current_rate / trade.open_rate - 1
        if drop > -self.drawdowns[min(stage, 6)]:
            return None
        wanted = 2 * trade.amount * current_rate
        return wanted if wanted < min(max_stake, 0.4 * 10_000) else None
'''


def markets(coins):
    """What the venue would say about its pairs."""
    limits = {"min": None, "max": None}
    return {
        f"{coin}/USDT": {
            "id": f"{coin}USDT",
            "symbol": f"{coin}/USDT",
            "base": coin,
            "quote": "USDT",
            "type": "spot",
            "spot": True,
            "margin": False,
            "swap": False,
            "future": False,
            "contract": False,
            "linear": None,
            "active": True,
            "precision": {"amount": 1e-8, "price": 1e-8},
            "limits": {"amount": limits, "price": limits, "cost": {"min": 1, "max": None}},
            "info": {},
        }
        for coin in coins
    }


def main():
    """Lay out a user folder, run, and tell the time that the run took."""
    folder, coins = Path(sys.argv[1]), sys.argv[2:]
    home = Path("freqtrade-home").resolve()
    data = home / "data" / "binance"
    data.mkdir(parents=True)
    (home / "strategies").mkdir()
    (home / "strategies" / "ladder.py").write_text(STRATEGY)
    candles = 0
    for coin in coins:
        frame = pd.read_csv(folder / f"{coin}USDT_1h.csv.gz")
        frame.insert(0, "date", pd.to_datetime(frame.pop("time"), unit="s", utc=True))
        frame.to_feather(data / f"{coin}_USDT-1h.feather")
        candles += len(frame)
    config = {
        "stake_currency": "USDT",
        "stake_amount": 50,
        "dry_run": True,
        "dry_run_wallet": 10_000,
        "max_open_trades": len(coins),
        "fee": 0.006,
        "exchange": {
            "name": "binance",
            "pair_whitelist": [f"{coin}/USDT" for coin in coins],
            "pair_blacklist": [],
        },
        "entry_pricing": {"price_side": "same", "use_order_book": False},
        "exit_pricing": {"price_side": "same", "use_order_book": False},
        "pairlists": [{"method": "StaticPairList"}],
        "dataformat_ohlcv": "feather",
    }
    settings = home / "config.json"
    settings.write_text(json.dumps(config))
    known, spent, trades = markets(coins), [], []

    def reload_markets(self, *_args, **_options):
        self._markets = known

    real = Backtesting.backtest_one_strategy

    def timed(self, *arguments, **options):
        begun = time.process_time()
        result = real(self, *arguments, **options)
        spent.append(time.process_time() - begun)
        trades.append(len(next(iter(self.all_bt_content.values()))["results"]))
        return result

    Exchange.reload_markets = reload_markets
    Backtesting.backtest_one_strategy = timed
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(sys.stderr):
        words = ["--strategy", "Ladder", "--userdir", str(home), "--config", str(settings)]
        freqtrade(["backtesting", *words, "--export", "none", "--cache", "none"])
    print(json.dumps({"candles": candles, "seconds": sum(spent), "trades": sum(trades)}))


if __name__ == "__main__":
    main()
