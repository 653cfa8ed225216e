"""The signal board, signal.db: the thinker writes, everyone else reads."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from powertraderd.adapters.sqlite.cells import Undecodable
from powertraderd.adapters.sqlite.database import Reader, Schema, Writer, packaged
from powertraderd.errors import DataUnavailable, StoreUnavailable
from powertraderd.model.candle import Coin
from powertraderd.model.signal import Signal

SCHEMA = Schema(
    application_id=int.from_bytes(b"PTsg"),
    scripts=packaged("signal"),
    remedy="stop the daemon and delete signal.db; signals are published again",
    durable=False,
)
_SIGNAL = TypeAdapter(Signal)


class SqliteSignalBoard:
    """SignalBoard on signal.db: one process opens it writable, any number only read."""

    def __init__(self, path: Path, *, writable: bool) -> None:
        """Readers see no signals while there is no file yet."""
        self._writer = Writer(path, SCHEMA) if writable else None
        self._file = self._writer or Reader(path, SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def publish(self, signal: Signal) -> None:
        """Replace the coin's signal. Raises ValueError for one that could not be read again."""
        body = _encoded(signal)
        if _decoded(signal.coin, body) != signal:
            msg = f"a signal of {signal.coin} that would not be read as it is: {signal}"
            raise ValueError(msg)
        if self._writer is None:
            msg = f"{self._file.path}: was opened for reading only"
            raise StoreUnavailable(msg)
        with self._writer.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO signal VALUES (?, ?)", (signal.coin, body))

    def signals(self) -> Mapping[Coin, Signal]:
        """The newest signal of each coin. Raises StoreDamaged for a row that is no signal."""
        try:
            with self._file.snapshot() as connection:
                rows = connection.execute("SELECT coin, body FROM signal ORDER BY coin")
                return {Coin(coin): _decoded(coin, body) for coin, body in rows}
        except DataUnavailable:
            return {}


def _encoded(signal: Signal) -> str:
    return _SIGNAL.dump_json(signal).decode()


def _decoded(coin: str, body: str) -> Signal:
    """Strict: what would not be written the same way again was not written by us."""
    try:
        signal = _SIGNAL.validate_json(body, strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        msg = f"the signal of {coin}, {place}: {problem['msg']}"
        raise Undecodable(msg) from None
    if _encoded(signal) != body or signal.coin != coin:
        msg = f"the signal of {coin} is not as we write it: {body}"
        raise Undecodable(msg)
    return signal
