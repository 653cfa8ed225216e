"""Settings as people read and write them: a value in TOML, a range in words, a line in a file."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

_BOUNDS = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"), ("pattern", "matches"))
_HEADER = re.compile(r"\[([^\[\]]+)\]\s*(#.*)?")
_KEY = re.compile(r"([A-Za-z0-9_.\"' -]+?)\s*=")


def toml_value(value: object) -> str | None:
    """The value as TOML writes it; None for no value, which TOML cannot write."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case tuple() | list():
            return f"[{', '.join(str(toml_value(item)) for item in value)}]"
    return json.dumps(str(value))


def range_of(field: FieldInfo) -> str:
    """What a setting may be, as far as one key alone decides; empty where anything may be."""
    words = _choices(field.annotation)
    for rule in field.metadata:
        words += [
            f"{sign} {getattr(rule, name)}"
            for name, sign in _BOUNDS
            if getattr(rule, name, None) is not None
        ]
    return ", ".join(words)


def _choices(annotation: object) -> list[str]:
    choices = [each for each in (annotation, *get_args(annotation)) if get_origin(each) is Literal]
    return ["one of " + " ".join(map(str, get_args(each))) for each in choices[:1]]


def line_of(text: str, path: Sequence[str]) -> int | None:
    """The line of a TOML file, from 1, that sets ``path``; the nearest table where none does.

    Lines are looked at one by one: what stands inside a string of several lines may deceive it,
    which costs a person a wrong number and nothing else.
    """
    found: tuple[int, int] | None = None
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := _HEADER.fullmatch(stripped):
            keys = section = _parts(header[1])
        elif key := _KEY.match(stripped):
            keys = [*section, *_parts(key[1])]
        else:
            continue
        if keys == list(path[: len(keys)]) and (found is None or len(keys) > found[0]):
            found = len(keys), number
    return found and found[1]


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
