"""Patterns of candles and how near two of them are (MODEL.md, Pattern and distance)."""


def move_pct(before: float, after: float) -> float:
    """The move from one price to another in percent; from open to close it is the pattern."""
    return 100 * (after - before) / before


def matches(pattern: float, other: float, threshold: float) -> bool:
    """Whether the distance of two patterns is at most ``threshold`` percent of their mean.

    Patterns of different sign are never near; two zeros are the same.
    """
    if pattern == 0 or other == 0:
        return pattern == other
    if (pattern > 0) != (other > 0):
        return False
    return 100 * abs(pattern - other) / abs((pattern + other) / 2) <= threshold
