"""Pages with opaque cursors, and the ways in which they go wrong."""

import base64
from collections.abc import Sequence
from typing import Any

from powertraderd.testing.fakex.knobs import Knobs

Row = dict[str, Any]


def page(rows: Sequence[Row], cursor: str, size: int, knobs: Knobs) -> tuple[list[Row], str]:
    """The rows at ``cursor`` and the next cursor, empty at the end; raises ValueError."""
    start = _offset(cursor) if cursor else 0
    if knobs.empty_page_with_has_next and start == 0 and not cursor:
        return [], _cursor(0)
    end = start + size
    shown = list(rows[start:end])
    if knobs.dup_across_pages and start:
        shown = [rows[start - 1], *shown]
    if knobs.cursor_loop:
        return shown, _cursor(0)
    return shown, _cursor(end) if end < len(rows) else ""


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at:"))
