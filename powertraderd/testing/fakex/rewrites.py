"""Answers that arrive whole and say something else: faults of content."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from powertraderd.testing.fakex.clock import moment_of, stamp
from powertraderd.testing.fakex.faults import Rule

Rewrite = Callable[[Any, Rule], Any]


def _wrong_types(document: Any, rule: Rule) -> Any:  # noqa: ANN401 - JSON
    """``mode``: numbers (strings that are numbers become numbers), strings, nulls, missing."""
    mode = rule.params.get("mode", "numbers")
    if isinstance(document, dict):
        kept = document.items()
        if mode == "missing":
            kept = [pair for number, pair in enumerate(document.items()) if number % 2]  # type: ignore[assignment]
        return {name: _wrong_types(value, rule) for name, value in kept}
    if isinstance(document, list):
        return [_wrong_types(value, rule) for value in document]
    return _other_type(document, str(mode))


def _other_type(value: Any, mode: str) -> Any:  # noqa: ANN401 - JSON
    match mode:
        case "nulls":
            return None
        case "strings":
            return str(value)
        case "numbers" if isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return value
    return value


def _set(document: Any, rule: Rule) -> Any:  # noqa: ANN401 - JSON
    """Put ``value`` at ``path`` (dots; numbers index lists), or take it out where ``drop``."""
    *parents, last = str(rule.params["path"]).split(".")
    place = document
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    key: Any = int(last) if isinstance(place, list) else last
    if rule.params.get("drop"):
        del place[key]
    else:
        place[key] = rule.params.get("value")
    return document


def _each_book(change: Callable[[dict[str, Any], Rule], None]) -> Rewrite:
    def rewrite(document: Any, rule: Rule) -> Any:  # noqa: ANN401 - JSON
        alone = [document["pricebook"]] if "pricebook" in document else []
        for book in document.get("pricebooks", alone):
            change(book, rule)
        return document

    return rewrite


def _stale(book: dict[str, Any], rule: Rule) -> None:
    """The prices that the rule saw first, ``s`` seconds old then; ``lie_time``: with a new time."""
    first = rule.kept.setdefault(book["product_id"], copy.deepcopy(book))
    book["bids"], book["asks"] = first["bids"], first["asks"]
    if not rule.params.get("lie_time"):
        old = moment_of(first["time"]) - timedelta(seconds=rule.number("s", 600))
        book["time"] = stamp(old)


def _crossed(book: dict[str, Any], _rule: Rule) -> None:
    book["bids"], book["asks"] = book["asks"], book["bids"]


def _zero(book: dict[str, Any], _rule: Rule) -> None:
    for level in (*book["bids"], *book["asks"]):
        level["price"] = "0"


def _one_sided(book: dict[str, Any], rule: Rule) -> None:
    book[str(rule.params.get("side", "bids"))] = []


def _spike(book: dict[str, Any], rule: Rule) -> None:
    for level in (*book["bids"], *book["asks"]):
        level["price"] = f"{float(level['price']) * rule.number('x', 10):.2f}"


def _each_list(change: Callable[[list[Any]], list[Any]]) -> Rewrite:
    def rewrite(document: Any, _rule: Rule) -> Any:  # noqa: ANN401 - JSON
        for name, value in document.items():
            if isinstance(value, list):
                document[name] = change(value)
        return document

    return rewrite


def _cursor_loop(document: Any, _rule: Rule) -> Any:  # noqa: ANN401 - JSON
    return {**document, "cursor": "YXQ6MA==", "has_next": True}


def _unauthorized_field(document: Any, _rule: Rule) -> Any:  # noqa: ANN401 - JSON
    """A field and an enum value of tomorrow, everywhere."""
    if isinstance(document, dict):
        grown = {name: _unauthorized_field(value, _rule) for name, value in document.items()}
        return {**grown, "field_of_tomorrow": {"x": 1}}
    if isinstance(document, list):
        return [_unauthorized_field(value, _rule) for value in document]
    return document


REWRITES: dict[str, Rewrite] = {
    "wrong_types": _wrong_types,
    "set": _set,
    "stale_price": _each_book(_stale),
    "crossed_book": _each_book(_crossed),
    "zero_price": _each_book(_zero),
    "one_sided": _each_book(_one_sided),
    "spike": _each_book(_spike),
    "reordered_pages": _each_list(lambda rows: rows[::-1]),
    "dup_rows": _each_list(lambda rows: [row for row in rows for _ in range(2)]),
    "cursor_loop": _cursor_loop,
    "unknown_fields": _unauthorized_field,
}
"""Faults of content by name; ``swap_answer`` needs the exchange and is in service.py."""


def rewritten(document: Any, rule: Rule) -> Any:  # noqa: ANN401 - JSON
    """The document as the rule wants it; the original stays as it is."""
    return REWRITES[rule.action](copy.deepcopy(document), rule)
