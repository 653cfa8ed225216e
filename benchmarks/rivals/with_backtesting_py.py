"""The nearest equivalent of the strategy in backtesting.py; run in that package's own environment.

It does not learn: a level stands as far below the close as the candles of late went, an entry needs
the price below it, positions are averaged down by the hard levels, and a trailing exit follows the
close. Prints one JSON line: candles and CPU seconds of the runs alone.

    python with_backtesting_py.py FOLDER COIN...
"""

import json
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from backtesting import Backtest, Strategy

DRAWDOWNS = (2.5, 5, 10, 20, 30, 40, 50)
FEE = 0.006


def lower_level(low, close):
    """The close less the mean fall of the last twenty candles."""
    before = pd.Series(close).shift(1)
    fall = ((before - pd.Series(low)) / before).rolling(20).mean()
    return (pd.Series(close) * (1 - fall)).to_numpy()


class Ladder(Strategy):
    """Entry, averaging down, trailing exit."""

    def init(self):
        """One indicator."""
        self.level = self.I(lower_level, self.data.Low, self.data.Close)
        self.stage, self.peak, self.armed, self.spent, self.held = 0, 0.0, False, 0.0, 0.0

    def next(self):
        """One candle."""
        price = self.data.Close[-1]
        if not self.held:
            if price < self.level[-2]:
                self.enter(self.equity * 0.005, price)
            return
        average = self.spent / self.held
        start = average * (1.05 if self.stage == 0 else 1.025)
        if self.armed or price >= start:
            self.armed, self.peak = True, max(self.peak, price)
            if price < max(start, self.peak * 0.995):
                self.position.close()
                self.stage, self.peak, self.armed, self.spent, self.held = 0, 0.0, False, 0.0, 0.0
            return
        drop = 100 * (price - average) / average
        if drop <= -DRAWDOWNS[min(self.stage, 6)] and 2 * self.held * price < 0.4 * self.equity:
            self.enter(2 * self.held * price, price)
            self.stage += 1

    def enter(self, amount, price):
        """Buy for ``amount``; backtesting.py trades whole units, so prices are scaled before."""
        size = int(amount / price)
        if size >= 1:
            self.buy(size=size)
            self.spent, self.held = self.spent + size * price, self.held + size


def main():
    """All coins, one after the other, each with its own cash as backtesting.py has it."""
    warnings.simplefilter("ignore")
    folder, coins = Path(sys.argv[1]), sys.argv[2:]
    candles, seconds, trades = 0, 0.0, 0
    for coin in coins:
        frame = pd.read_csv(folder / f"{coin}USDT_1h.csv.gz")
        frame.index = pd.to_datetime(frame.pop("time"), unit="s")
        frame.columns = [name.capitalize() for name in frame.columns]
        frame[["Open", "High", "Low", "Close"]] *= 1e-6 / frame["Open"].iloc[0] * 1e4
        test = Backtest(frame, Ladder, cash=10_000, commission=FEE)
        begun = time.process_time()
        result = test.run()
        seconds += time.process_time() - begun
        candles += len(frame)
        trades += int(result["# Trades"])
    print(json.dumps({"candles": candles, "seconds": seconds, "trades": trades}))


if __name__ == "__main__":
    main()
