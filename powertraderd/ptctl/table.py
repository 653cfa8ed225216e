"""Plain tables that fit the terminal: 80 columns always, more columns where there is room.

Written here and not with rich, whose import costs more than the whole of `ptctl status` may take.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

NARROW = 80
ROOMY = 100
WIDE = 120
"""Terminal widths at which tables show more."""
_GAP = 2
_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and how a row is shown in it.

    It is shown on terminals of at least ``needs`` and less than ``below`` columns. ``flexible``
    columns give way when the table is too wide. ``style`` names a colour for a row's cell.
    """

    title: str
    show: Callable[[Any], str]
    right: bool = False
    needs: int = 0
    below: int = sys.maxsize
    flexible: bool = False
    style: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """What is written on: so many columns, with or without colour."""

    width: int
    colour: bool

    def paint(self, words: str, style: str) -> str:
        """``words`` in the style, where colours are wanted; "" is no style."""
        if not self.colour or not style:
            return words
        codes = ";".join(str(_CODES[part]) for part in style.split())
        return f"\x1b[{codes}m{words}\x1b[0m"


def by_width(
    title: str, wide: Callable[[Any], str], narrow: Callable[[Any], str], *, right: bool = False
) -> tuple[Column, Column]:
    """One column that is shown at length only where there is room for it."""
    return (
        Column(title, wide, right=right, needs=ROOMY),
        Column(title, narrow, right=right, below=ROOMY),
    )


def paper() -> Paper:
    """The terminal's width; colour only on a terminal, and not where NO_COLOR is set."""
    terminal = sys.stdout.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    fallback = (NARROW if terminal else WIDE, 24)
    return Paper(shutil.get_terminal_size(fallback).columns, terminal and not plain)


def render(columns: Sequence[Column], rows: Sequence[Any], on: Paper) -> list[str]:
    """The table as lines, none wider than ``on.width`` while flexible columns can give way."""
    shown = [column for column in columns if column.needs <= on.width < column.below]
    cells = [[column.show(row) for column in shown] for row in rows]
    widths = [
        max(len(column.title), *(len(line[index]) for line in cells), 0)
        for index, column in enumerate(shown)
    ]
    _give_way(shown, widths, on.width)
    head = _line(shown, [column.title for column in shown], widths)
    lines = [on.paint(head.rstrip(), "bold")]
    for row, line in zip(rows, cells, strict=True):
        styles = [column.style(row) if column.style else "" for column in shown]
        lines.append(_painted(shown, line, widths, styles, on))
    return lines


def _give_way(columns: Sequence[Column], widths: list[int], width: int) -> None:
    """Shrink the flexible columns, the widest first, until the table fits."""
    flexible = [index for index, column in enumerate(columns) if column.flexible]
    excess = sum(widths) + _GAP * (len(widths) - 1) - width
    while excess > 0 and flexible:
        widest = max(flexible, key=lambda index: widths[index])
        if widths[widest] <= len(columns[widest].title):
            return
        widths[widest] -= 1
        excess -= 1


def _fit(words: str, width: int, *, right: bool) -> str:
    cut = words if len(words) <= width else words[: width - 1] + "…"
    return cut.rjust(width) if right else cut.ljust(width)


def _line(columns: Sequence[Column], words: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(
        _fit(word, width, right=column.right)
        for column, word, width in zip(columns, words, widths, strict=True)
    )


def _painted(
    columns: Sequence[Column],
    words: Sequence[str],
    widths: Sequence[int],
    styles: Sequence[str],
    on: Paper,
) -> str:
    fitted = [
        on.paint(_fit(word, width, right=column.right), style)
        for column, word, width, style in zip(columns, words, widths, styles, strict=True)
    ]
    return (" " * _GAP).join(fitted).rstrip()


def gain(value: str) -> str:
    """Green for a gain, red for a loss, by the sign that is shown."""
    return {"+": "green", "-": "red"}.get(value[:1], "") if len(value) > 1 else ""
