"""Plain tables."""

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertraderd.ptctl.table import Column, Paper, gain, paper, render

NAME = Column("NAME", lambda row: row[0])
NOTE = Column("NOTE", lambda row: row[1], flexible=True)
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)


def plain(width: int) -> Paper:
    """Paper without colour."""
    return Paper(width, colour=False)


@given(rows=st.lists(st.tuples(st.text("abc", max_size=10), WORDS)), width=st.integers(20, 200))
def test_a_table_with_a_flexible_column_is_never_wider_than_the_terminal(
    rows: list[tuple[str, str]], width: int
) -> None:
    """What does not fit gives way, visibly."""
    assert all(len(line) <= width for line in render([NAME, NOTE], rows, plain(width)))


def test_a_cut_cell_says_so() -> None:
    """With an ellipsis."""
    assert render([NAME, NOTE], [("a", "x" * 50)], plain(20))[1] == "a     " + "x" * 13 + "…"


def test_columns_come_and_go_with_the_width() -> None:
    """``needs`` is inclusive, ``below`` exclusive."""
    wide, narrow = Column("WIDE", str, needs=100), Column("NARROW", str, below=100)
    assert render([wide, narrow], [], plain(99)) == ["NARROW"]
    assert render([wide, narrow], [], plain(100)) == ["WIDE"]


def test_figures_stand_right_and_words_left() -> None:
    """Under their titles."""
    columns = [NAME, Column("SUM", lambda row: row[1], right=True)]
    lines = render(columns, [("b", "1"), ("longer", "1000")], plain(80))
    assert lines == ["NAME     SUM", "b          1", "longer  1000"]


def test_colour_only_where_it_is_wanted() -> None:
    """The same words, with and without."""
    red = Column("WORD", str, style=lambda row: "red" if row == "bad" else "")
    assert render([red], ["bad", "good"], plain(80)) == ["WORD", "bad", "good"]
    assert render([red], ["bad", "good"], Paper(80, colour=True)) == [
        "\x1b[1mWORD\x1b[0m",
        "\x1b[31mbad \x1b[0m",
        "good",
    ]


class Terminal(io.StringIO):
    """Standard output that says it is one."""

    def isatty(self) -> bool:
        """Whatever it takes."""
        return True


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({}, "red"), ({"NO_COLOR": "1"}, ""), ({"TERM": "dumb"}, ""), ({"NO_COLOR": ""}, "red")],
)
def test_no_color_is_respected(
    variables: dict[str, str], colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set to anything but nothing (no-color.org), and dumb terminals."""
    for name in ("NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert paper().colour is bool(colour)


def test_a_pipe_gets_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a file."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not paper().colour


def test_gains_are_green_and_losses_red() -> None:
    """An unknown gain has no colour."""
    assert [gain("+1.00%"), gain("-1.00%"), gain("-"), gain("0.00")] == ["green", "red", "", ""]
