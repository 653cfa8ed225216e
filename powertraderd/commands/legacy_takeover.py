"""Taking over what the desktop bot left: memories, history, settings, positions."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from powertraderd.adapters.legacy import booking, orders
from powertraderd.adapters.legacy.booking import Standing
from powertraderd.adapters.legacy.books import HISTORY, LEDGER, OldPosition
from powertraderd.adapters.legacy.finding import Finding, Outcome
from powertraderd.adapters.legacy.folder import SIGNALS, VALUES, Contents
from powertraderd.adapters.legacy.orders import Exchange, OldOrder
from powertraderd.adapters.legacy.settings import FILE
from powertraderd.adapters.legacy.store import LEGACY_DB, LegacyStore
from powertraderd.adapters.memory_files import MemoryFiles
from powertraderd.errors import StoreDamaged
from powertraderd.model.candle import Coin, Timeframe
from powertraderd.model.memory import Memory, same_entries
from powertraderd.model.money import plain
from powertraderd.model.order import OrderSide, Tag
from powertraderd.settings import Settings
from powertraderd.settings_words import toml_value
from powertraderd.strategy import ledgering
from powertraderd.workers.wiring import BACKUP_DIR, LEDGER_DB, MEMORY_DIR


@dataclass(frozen=True, slots=True)
class Takeover:
    """One import into the state folder of ``settings``; a dry one only says what it would do."""

    contents: Contents
    settings: Settings
    dry_run: bool

    def memories(self) -> Iterator[Finding]:
        """Memories that are not here yet; one that we have learned on ourselves stays."""
        if self.settings.training.learner != "classic":
            what = "memories are of the classic learner, and training.learner says otherwise"
            yield Finding(Outcome.NOT_NEEDED, "memories_*.txt", what)
            return
        store = MemoryFiles(self.settings.paths.state_dir / MEMORY_DIR)
        for (coin, timeframe), (memory, trained_at) in self.contents.memories.items():
            name = f"memories_{timeframe.value}.txt"
            file = name if coin == "BTC" else f"{coin}/{name}"
            try:
                outcome, what = _meeting(store, coin, timeframe, memory)
            except StoreDamaged as error:
                yield Finding(Outcome.WAITING, file, str(error))
                continue
            if outcome is Outcome.TAKEN:
                what = f"{what}, trained {trained_at:%Y-%m-%d}"
                if not self.dry_run:
                    store.save(coin, timeframe, memory, trained_at)
            yield Finding(outcome, file, what)

    def history(self) -> Iterator[Finding]:
        """Trades, account values and signals, for people to look at."""
        contents = self.contents
        counts = (len(contents.trades), len(contents.values), len(contents.signals))
        new = counts
        if not self.dry_run and any(counts):
            store = LegacyStore(self.settings.paths.state_dir / LEGACY_DB)
            new = (
                store.add_trades(contents.trades),
                store.add_values(contents.values),
                store.add_signals(contents.signals),
            )
            store.close()
        names = ((HISTORY, "trades"), (VALUES, "account values"), (SIGNALS, "signals"))
        for (file, what), count, fresh in zip(names, counts, new, strict=True):
            if fresh:
                yield Finding(Outcome.TAKEN, file, f"{fresh} {what}, kept in {LEGACY_DB}")
            elif count:
                yield Finding(Outcome.KNOWN, file, f"{count} {what}")

    def compared_settings(self, place: str) -> Iterator[Finding]:
        """Where our settings say something else than the bot's did; the owner decides."""
        for one in self.contents.settings:
            ours = getattr(getattr(self.settings, one.section), one.key)
            if ours != one.value:
                what = (
                    f"{one.section}.{one.key} is {toml_value(ours)} in {place}, the bot had "
                    f"{toml_value(one.value)}; change it there if you want the bot's"
                )
                yield Finding(Outcome.WAITING, FILE, what)

    def positions(self, exchange: Exchange | None, *, accepted: bool) -> Iterator[Finding]:
        """Positions, with the owner's word; ``exchange`` is None where there is no key."""
        if exchange is None:
            for order in self.contents.pending:
                what = (
                    f"{order.coin}: {order.side} {order.order_id} of {order.at:%Y-%m-%d %H:%M} was "
                    "left pending; what became of it is unknown without a key"
                )
                yield Finding(Outcome.WAITING, LEDGER, what)
        for position in self.contents.positions:
            booked, findings = self._orders(position, exchange)
            yield from findings
            if booked:
                estimated = exchange is None
                yield self._position(position, booked, accepted=accepted, estimated=estimated)

    def _orders(
        self, position: OldPosition, exchange: Exchange | None
    ) -> tuple[tuple[OldOrder, ...], list[Finding]]:
        if exchange is None:
            return orders.estimated(position), []
        pending = [each for each in self.contents.pending if each.coin == position.coin]
        return orders.checked(position, pending, exchange)

    def _position(
        self,
        position: OldPosition,
        booked: tuple[OldOrder, ...],
        *,
        accepted: bool,
        estimated: bool,
    ) -> Finding:
        path = self.settings.paths.state_dir / LEDGER_DB
        what = _shown(position, booked, estimated=estimated)
        match booking.standing(path, position.coin, booked):
            case Standing.BOOKED:
                return Finding(Outcome.KNOWN, LEDGER, what)
            case Standing.IN_THE_WAY:
                what += f"; the ledger holds {position.coin} already, so it is not added"
                return Finding(Outcome.WAITING, LEDGER, what)
        if self.settings.trading.mode == "paper":
            what += "; paper money owns no real coins: import again when mode is live"
            return Finding(Outcome.WAITING, LEDGER, what)
        if not accepted:
            return Finding(Outcome.WAITING, LEDGER, f"{what}; add --accept-positions to own it")
        if not self.dry_run:
            backups = self.settings.paths.state_dir / BACKUP_DIR
            with booking.on_a_copy(path, backups, ledgering) as ledger:
                booking.book(ledger, position.coin, booked, self.settings.trading.quote)
        return Finding(Outcome.CONVERTED if estimated else Outcome.TAKEN, LEDGER, what)


def _shown(position: OldPosition, booked: tuple[OldOrder, ...], *, estimated: bool) -> str:
    sold = {True: -1, False: 1}
    quantity = sum(
        (sold[fill.side is OrderSide.SELL] * fill.quantity for one in booked for fill in one.fills),
        Decimal(0),
    )
    value = sum((one.value for one in booked if one.side is OrderSide.BUY), Decimal(0))
    stage = sum(one.tag is Tag.DCA for one in booked)
    source = "the bot's estimates" if estimated else "the exchange's fills"
    if estimated and not position.trades:
        source += ", its trades do not add up to it, so the stage is unknown and taken as 0"
    return (
        f"{position.coin}: {plain(quantity)} for {plain(value)}, stage {stage}, from "
        f"{len(booked)} order{'s' if len(booked) > 1 else ''} by {source}"
    )


def _meeting(
    store: MemoryFiles, coin: Coin, timeframe: Timeframe, memory: Memory
) -> tuple[Outcome, str]:
    """What becomes of an old memory where ``store`` has one or none."""
    entries = f"{len(memory.patterns)} entries"
    known = store.load(coin, timeframe)
    if known is None:
        return Outcome.TAKEN, entries
    ours = known[0]
    if isinstance(ours, Memory) and ours.pending is None and same_entries(ours, memory):
        return Outcome.KNOWN, entries
    return Outcome.KNOWN, (
        f"a memory of our own is here, {ours.candles} candles learned; it stays (move "
        f"{MEMORY_DIR}/{coin}/{timeframe.value}.npz away to import the old one)"
    )
