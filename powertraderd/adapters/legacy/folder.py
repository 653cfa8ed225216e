"""The desktop bot's folder, read in one go; nothing in it is ever changed or acted on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from powertraderd.adapters.legacy import books, credentials, memories, settings
from powertraderd.adapters.legacy.books import OldPending, OldPosition, OldTrade
from powertraderd.adapters.legacy.finding import Finding, LegacyDamaged, Outcome
from powertraderd.adapters.legacy.history import OldSignal, OldValue, signal, value
from powertraderd.adapters.legacy.settings import Translated
from powertraderd.adapters.legacy.text import Row, read_object, read_rows
from powertraderd.errors import ConfigError
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import Memory

MAIN_COIN = Coin("BTC")
"""Its files lie in the main folder, those of every other coin in a folder of its name."""
VALUES, SIGNALS = "hub_data/account_value_history.jsonl", "hub_data/signal_log.jsonl"
STATUS, COMMAND = "hub_data/trader_status.json", "hub_data/manual_command.json"
_OF_A_COIN = (
    "long_dca_signal.txt", "short_dca_signal.txt", "futures_long_profit_margin.txt",
    "futures_short_profit_margin.txt", "low_bound_prices.html", "high_bound_prices.html",
    "trainer_status.json",
)  # fmt: skip
_OF_THE_HUB = ("runner_ready.json", "_restart_autostart.json")

Parsed = TypeVar("Parsed")
Key = tuple[Coin, Timeframe]


@dataclass(slots=True)
class Contents:
    """All that the folder holds, and a finding for each file or line that is not taken as it is."""

    findings: list[Finding] = field(default_factory=list)
    settings: list[Translated] = field(default_factory=list)
    memories: dict[Key, tuple[Memory, datetime]] = field(default_factory=dict)
    trades: list[OldTrade] = field(default_factory=list)
    values: list[OldValue] = field(default_factory=list)
    signals: list[OldSignal] = field(default_factory=list)
    positions: tuple[OldPosition, ...] = ()
    pending: tuple[OldPending, ...] = ()


def read(folder: Path) -> Contents:
    """Everything. Raises ConfigError for a folder that is not the bot's."""
    if not folder.is_dir():
        msg = f"{folder}: is no folder; name the one that holds PowerTrader_AI's files"
        raise ConfigError(msg)
    return _Reader(folder).read()


class _Reader:
    """One reading; damage ends a file or a line, never the whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.contents = Contents()
        self.neural = self.hub = folder

    def read(self) -> Contents:
        self._settings()
        coins = dict(self._coins())
        if not coins and not self.contents.settings and not self.hub.is_dir():
            msg = f"{self.folder}: holds nothing of PowerTrader_AI; name its main folder"
            raise ConfigError(msg)
        for coin, (path, prefix) in coins.items():
            self._coin(coin, path, prefix)
        self.contents.trades = self._lines(books.HISTORY, books.trade)
        self.contents.values = self._lines(VALUES, value)
        self.contents.signals = self._lines(SIGNALS, signal)
        self._books()
        self._status()
        self._not_acted_on()
        self._key()
        return self.contents

    def _note(self, outcome: Outcome, file: str, what: str) -> None:
        self.contents.findings.append(Finding(outcome, file, what))

    def _settings(self) -> None:
        old = self._object(self.folder / settings.FILE, settings.FILE) or {}
        self.contents.settings, findings = settings.translate(old)
        self.contents.findings.extend(findings)
        self.neural = self._elsewhere(old, "main_neural_dir", self.folder)
        self.hub = self._elsewhere(old, "hub_data_dir", self.folder / "hub_data")

    def _elsewhere(self, old: Row, key: str, usual: Path) -> Path:
        named = old.get(key)
        if not isinstance(named, str) or not named.strip():
            return usual
        path = self.folder / named.strip()
        return path if path.is_dir() else usual

    def _object(self, path: Path, name: str) -> Row | None:
        """The object in a file; None where there is no file, or a damaged one."""
        try:
            return read_object(path, name)
        except FileNotFoundError:
            return None
        except LegacyDamaged as damaged:
            self.contents.findings.append(damaged.finding)
            return None

    def _lines(self, name: str, parse: Callable[[Row], Parsed]) -> list[Parsed]:
        """What each sound line means; the others are named."""
        parsed: list[Parsed] = []
        try:
            for number, row in read_rows(self.hub / Path(name).name, name):
                if isinstance(row, LegacyDamaged):
                    self.contents.findings.append(row.finding)
                    continue
                try:
                    parsed.append(parse(row))
                except ValueError as error:
                    finding = Finding(Outcome.DAMAGED, name, str(error), number)
                    self.contents.findings.append(finding)
        except FileNotFoundError:
            self._note(Outcome.NOT_NEEDED, name, "is not there")
        except LegacyDamaged as damaged:
            self.contents.findings.append(damaged.finding)
        return parsed

    def _coins(self) -> Iterator[tuple[Coin, tuple[Path, str]]]:
        if any(memories.has_memory(self.neural, each) for each in Timeframe):
            yield MAIN_COIN, (self.neural, "")
        for path in sorted(each for each in self.neural.iterdir() if each.is_dir()):
            if any(memories.has_memory(path, each) for each in Timeframe):
                yield Coin(path.name.upper()), (path, f"{path.name}/")

    def _coin(self, coin: Coin, path: Path, prefix: str) -> None:
        for timeframe in Timeframe:
            name = f"memories_{timeframe.value}.txt"
            if not memories.has_memory(path, timeframe):
                self._note(
                    Outcome.NOT_NEEDED, f"{prefix}{name}", "is not there; it will be learned"
                )
                continue
            try:
                memory = memories.read_memory(path, prefix, timeframe)
                at = memories.trained_at(path, prefix) or _written_at(path / name)
            except LegacyDamaged as damaged:
                self.contents.findings.append(damaged.finding)
            else:
                self.contents.memories[coin, timeframe] = memory, at
        for name in _OF_A_COIN:
            if (path / name).exists():
                self._note(Outcome.NOT_NEEDED, f"{prefix}{name}", "is made anew")

    def _books(self) -> None:
        ledger = self._object(self.hub / Path(books.LEDGER).name, books.LEDGER)
        if ledger is None:
            return
        try:
            self.contents.positions = books.positions(ledger, self.contents.trades)
            self.contents.pending = books.pending(ledger)
        except LegacyDamaged as damaged:
            self.contents.findings.append(damaged.finding)

    def _status(self) -> None:
        """Its quantities are whole balances: said, because they look like positions."""
        status = self._object(self.hub / Path(STATUS).name, STATUS)
        if status is None:
            return
        self._note(
            Outcome.NOT_NEEDED, STATUS, "figures of the moment; positions come from the ledger"
        )
        shown = status.get("positions")
        for position in self.contents.positions:
            row = shown.get(position.coin) if isinstance(shown, dict) else None
            whole = row.get("quantity") if isinstance(row, dict) else None
            if whole is not None and whole != position.quantity:
                what = (
                    f"{position.coin}: {whole} is the whole balance, {position.quantity} of it is "
                    "the bot's; the rest stays yours and is never sold"
                )
                self._note(Outcome.NOT_NEEDED, STATUS, what)

    def _not_acted_on(self) -> None:
        command = self._object(self.hub / Path(COMMAND).name, COMMAND)
        if command is not None:
            shown = " ".join(str(command.get(key, "?")) for key in ("action", "symbol"))
            what = f"an old command ({shown}) that is not carried out; delete it"
            self._note(Outcome.NOT_NEEDED, COMMAND, what)
        for name in _OF_THE_HUB:
            if (self.hub / name).exists():
                self._note(Outcome.NOT_NEEDED, f"hub_data/{name}", "a state of the old window")

    def _key(self) -> None:
        if credentials.has_key(self.folder):
            sealed = (self.folder / credentials.SEALED).exists()
            name = credentials.SEALED if sealed else credentials.NAME
            what = "take the key with: powertraderd creds import-legacy"
            self._note(Outcome.WAITING, name, what)


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
