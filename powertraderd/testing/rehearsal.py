"""``python -m powertraderd.testing.rehearsal FOLDER``: an exchange to rehearse going live against.

The loopback exchange with a lively market, coins of the owner's own on the account, and a key in
FOLDER/cdp_api_key.json. It says what to type, and serves until Ctrl-C.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from powertraderd.adapters.synthetic import SyntheticMarket
from powertraderd.clock import RealClock
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.settings import CandleSettings
from powertraderd.testing.candle_rows import tell
from powertraderd.testing.live import COINS, HISTORY
from powertraderd.testing.venue import Venue

OWNERS_ETH = "5"
_TICK_S = 1.0
_WORDS = """\
rehearsal: a made-up exchange listens here until Ctrl-C; in a second terminal, in this folder:

powertraderd init live.toml --yes --mode live --coins {coins} --cash 800 \\
  --set exchange.base_url={base_url} \\
  --set exchange.ca_file={ca_file} \\
  --set candles.base_url={kucoin_url} \\
  --set paths.state_dir=state --set logging.file=state/powertraderd.log

then go on with docs/going-live.md; the key is {key}
"""


class Market:
    """Prices and candles that go on while it is looked at."""

    def __init__(self, venue: Venue, start: datetime) -> None:
        """Nothing is told yet; the history begins at ``start``."""
        self._venue = venue
        self._start = start
        self._hour: datetime | None = None
        self._coins: Mapping[Coin, SyntheticMarket] = {
            Coin(name): SyntheticMarket(
                RealClock(),
                CandleSettings(seed=7 + number, volatility_pct=1.2, history_start=start),
                Decimal(0),
            )
            for number, name in enumerate(COINS)
        }

    def go_on(self) -> None:
        """The price of this moment, and after the full hour the candles up to it."""
        now = datetime.now(UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)
        for coin, market in self._coins.items():
            if hour != self._hour:
                hours = market.candles(coin, Timeframe.HOUR_1, self._start, now)
                tell(self._venue, coin, hours, now)
            quote = market.quotes((coin,))[coin]
            self._venue.post("price", id=f"{coin}-USD", price=f"{quote.ask:.2f}")
        self._hour = hour


def main(folder: Path) -> None:
    """Serve until Ctrl-C."""
    folder.mkdir(parents=True, exist_ok=True)
    venue = Venue(folder.absolute() / "exchange").start()
    try:
        start = (datetime.now(UTC) - HISTORY).replace(hour=0, minute=0, second=0, microsecond=0)
        market = Market(venue, start)
        market.go_on()
        venue.post("balance", ETH=OWNERS_ETH)
        key = folder / "cdp_api_key.json"
        shutil.copy(venue.keys["ES256"].file, key)
        sys.stdout.write(
            _WORDS.format(
                coins=",".join(COINS),
                base_url=venue.base_url,
                ca_file=venue.ca_file,
                kucoin_url=venue.kucoin_url,
                key=key,
            )
        )
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(_TICK_S)
                market.go_on()
    finally:
        venue.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="rehearsal", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    main(parser.parse_args().folder)
