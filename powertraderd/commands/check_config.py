"""`powertraderd check-config`: whether the settings are usable, and where each value comes from."""

import json
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from powertraderd import settings_file
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.settings import Settings

_BOUNDS = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"), ("pattern", "matches"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One key as it is in force."""

    section: str
    key: str
    value: str | None
    origin: str
    help: str
    range: str


@errors_are_explained
def check_config(
    *,
    config: Config = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also what each key means, and its range.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check the settings, and print every key with its value and where that comes from.

    The output is a settings file itself. Wrong settings leave with code 78.

    Example: powertraderd check-config --config powertraderd.toml --explain
    """
    chosen = settings_file.load(config)
    path = config or _named_by_environment()
    every = list(entries(chosen, _tables(path)))
    if as_json:
        lines = [json.dumps([asdict(entry) for entry in every], indent=2)]
    else:
        lines = list(_lines(every, explain=explain))
    sys.stdout.write("\n".join(lines) + "\n")
    say(f"{path or 'the defaults'}: the settings are usable")


def _named_by_environment() -> Path | None:
    name = os.environ.get(settings_file.CONFIG_VARIABLE)
    return Path(name) if name else None


def _tables(path: Path | None) -> Mapping[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8")) if path else {}


def entries(chosen: Settings, file: Mapping[str, Any]) -> Iterator[Entry]:
    """Every key of every section, in the order in which the settings declare them."""
    for section in type(chosen).model_fields:
        yield from _of_section((section,), getattr(chosen, section), file.get(section, {}))
    for coin, tables in chosen.coins.tables().items():
        for section, table in tables:
            yield from _of_coin(coin, section, table)


def _of_coin(coin: str, section: str, table: Mapping[str, Any]) -> Iterator[Entry]:
    """What a coin has of its own; the meaning is that of the section for all coins."""
    fields = Settings.model_fields[section].annotation.model_fields  # type: ignore[union-attr]
    for key, value in table.items():
        yield Entry(
            section=f"coins.{coin}.{section}",
            key=key,
            value=_toml(value),
            origin="file",
            help=fields[key].description or "",
            range=_range(fields[key]),
        )


def _of_section(
    path: tuple[str, ...], section: BaseModel, file: Mapping[str, Any]
) -> Iterator[Entry]:
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, BaseModel):
            yield from _of_section((*path, key), value, file.get(key, {}))
            continue
        yield Entry(
            section=".".join(path),
            key=key,
            value=_toml(value),
            origin=_origin((*path, key), in_file=key in file),
            help=field.description or "",
            range=_range(field),
        )


def _origin(path: tuple[str, ...], *, in_file: bool) -> str:
    """Who set it: the environment (also one that sets a whole section as JSON), or the file."""
    names = ["__".join(path[: length + 1]).upper() for length in range(1, len(path))]
    for name in reversed(names):
        variable = f"{settings_file.ENVIRONMENT_PREFIX}{name}"
        if variable in {each.upper() for each in os.environ}:
            return f"environment {variable}"
    return "file" if in_file else "default"


def _toml(value: object) -> str | None:
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
        case tuple():
            return f"[{', '.join(str(_toml(item)) for item in value)}]"
    return json.dumps(str(value))


def _range(field: FieldInfo) -> str:
    words = _choices(field.annotation)
    for rule in field.metadata:
        words += [
            f"{sign} {getattr(rule, name)}"
            for name, sign in _BOUNDS
            if getattr(rule, name, None) is not None
        ]
    return ", ".join(words)


def _choices(annotation: object) -> list[str]:
    if get_origin(annotation) is Literal:
        return ["one of " + " ".join(str(choice) for choice in get_args(annotation))]
    return []


def _lines(every: list[Entry], *, explain: bool) -> Iterator[str]:
    section = ""
    for entry in every:
        if entry.section != section:
            yield from (["", f"[{entry.section}]"] if section else [f"[{entry.section}]"])
            section = entry.section
        if explain:
            bounds = f" ({entry.range})" if entry.range else ""
            yield f"# {entry.help}{bounds}"
        if entry.value is None:
            yield f"# {entry.key} is not set ({entry.origin})"
        else:
            yield f"{entry.key} = {entry.value}  # {entry.origin}"
