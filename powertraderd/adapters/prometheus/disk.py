"""Metrics from the file system: room for the state, and the ledger's backups."""

import os
from datetime import datetime
from pathlib import Path

from powertraderd.adapters.backup import PATTERN
from powertraderd.adapters.prometheus.sheet import Sheet


def disk(sheet: Sheet, state_dir: Path) -> None:
    """Room on the disk that the ledger needs; ours, not what is kept for root."""
    found = os.statvfs(state_dir)
    sheet.put("state_disk_free_bytes", found.f_bavail * found.f_frsize)
    sheet.put("state_disk_size_bytes", found.f_blocks * found.f_frsize)


def backups(sheet: Sheet, folder: Path, wall: datetime) -> None:
    """Archives of `powertraderd backup`, and how old the newest is by its file's time."""
    made = [path.stat().st_mtime for path in folder.glob(PATTERN)]
    sheet.put("backups", len(made))
    if made:
        sheet.put("backup_age_seconds", wall.timestamp() - max(made))
