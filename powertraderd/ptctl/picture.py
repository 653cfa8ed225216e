"""Pictures made of characters: what chart and pnl share."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from powertraderd.ptctl.figures import price
from powertraderd.ptctl.table import Paper

_TICKS = 4
_WHITE = "\x1b[48;5;15m"
"""The white that plotext puts behind lines for want of a colour: bars across a dark terminal."""


def blank(on: Paper, height: int) -> Any:  # noqa: ANN401 - plotext has no types
    """An empty picture of ``height`` lines in the terminal's own colours."""
    import plotext  # noqa: PLC0415 - takes 400 ms, and most verbs need it not

    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.canvas("default")
    figure.plot_size(on.width, height)
    return figure


def across(figure: Any, value: float, colour: str) -> None:  # noqa: ANN401
    """A line over the whole width."""
    figure.line(value, "horizontal", pixel=(colour, "default"))


def name_times(figure: Any, times: Sequence[float]) -> None:  # noqa: ANN401
    """Name some of the columns 0, 1, ... by their ``times`` (epoch seconds)."""
    places = list(range(len(times)))[:: max(1, len(times) // _TICKS)]
    figure.ruler("x").ticks(places, [when(times[place]) for place in places])


def name_prices(
    figure: Any,  # noqa: ANN401
    low: float,
    high: float,
    show: Callable[[object], str] = price,
) -> None:
    """Name five heights from ``low`` to ``high``."""
    steps = [low + (high - low) * step / _TICKS for step in range(_TICKS + 1)]
    figure.ruler("y").ticks(steps, [show(each) for each in steps])


def drawn(figure: Any, on: Paper) -> list[str]:  # noqa: ANN401
    """The lines of the picture."""
    import plotext  # noqa: PLC0415

    text = figure.build().string().replace(_WHITE, "")
    return [row.rstrip() for row in (text if on.colour else plotext.uncolorize(text)).splitlines()]


def when(epoch_s: float) -> str:
    """A moment under a picture, UTC."""
    return f"{datetime.fromtimestamp(epoch_s, UTC):%d %b %H:%M}"
