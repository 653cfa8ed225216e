"""Whether trading is held back: durable first, then told to the workers."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from powertraderd import log
from powertraderd.errors import StoreDamaged
from powertraderd.supervision import state_file
from powertraderd.supervision.channel import TradingState
from powertraderd.supervision.state_file import DurableState


class NotDurable(Exception):
    """The state file could not be written."""


class Hold:
    """The owner's word on trading, and the file that remembers it."""

    def __init__(self, folder: Path) -> None:
        """Read what was decided before this start."""
        self._folder = folder
        self._log = log.get(__name__)
        self.state = DurableState()
        try:
            self.state = state_file.load(folder)
        except StoreDamaged as damage:
            self._log.critical("state_file_damaged", reason=str(damage))
            with contextlib.suppress(NotDurable):  # it is in the log; this run is paused anyway
                self.hold(halted=False, reason=str(damage), who="supervisor")

    def trading(self) -> TradingState:
        """What workers are told."""
        return TradingState(paused=self.state.paused, halted=self.state.halted)

    def hold(self, *, halted: bool, reason: str, who: str) -> None:
        """Pause, or halt. It holds even when it cannot be made durable, which raises NotDurable."""
        at = datetime.now(UTC)
        self.state = self.state.held(halted=halted, reason=reason, who=who, at=at)
        self._save()

    def release(self, *, who: str) -> None:
        """Trade again. Raises NotDurable and keeps holding when that cannot be written down."""
        held = self.state
        self.state = self.state.released(who=who, at=datetime.now(UTC))
        try:
            self._save()
        except NotDurable:
            self.state = held
            raise

    def anchor(self, anchor: state_file.Anchor) -> None:
        """Remember where the market stands; raises NotDurable."""
        if anchor != self.state.anchor:
            self.state = self.state.anchored(anchor)
            self._save()

    def _save(self) -> None:
        try:
            state_file.save(self._folder, self.state)
        except OSError as error:
            path = self._folder / state_file.FILE_NAME
            self._log.critical("state_file_not_written", error=str(error), path=str(path))
            msg = f"{path} could not be written ({error.strerror}); make room or mend it"
            raise NotDurable(msg) from error
