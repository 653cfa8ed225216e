"""`powertraderd check-config`: whether the settings are usable, and where each value comes from."""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from powertraderd import settings_file
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.commands.risk_warning import risk_lines
from powertraderd.settings import Settings
from powertraderd.settings_words import range_of, toml_value


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

    The output is a settings file itself. Wrong settings leave with code 78. Says what the ladders
    of averaging down can cost at worst, and warns where that is more than the running daemon takes.

    Example: powertraderd check-config --config powertraderd.toml --explain
    """
    chosen = settings_file.load(config)
    path = settings_file.named(config)
    every = list(entries(chosen, _tables(path)))
    if as_json:
        lines = [json.dumps([asdict(entry) for entry in every], indent=2)]
    else:
        lines = list(_lines(every, explain=explain))
    sys.stdout.write("\n".join(lines) + "\n")
    say(f"{path or 'the defaults'}: the settings are usable")
    for line in risk_lines(chosen):
        say(line)


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
            value=toml_value(value),
            origin="file",
            help=fields[key].description or "",
            range=range_of(fields[key]),
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
            value=toml_value(value),
            origin=_origin((*path, key), in_file=key in file),
            help=field.description or "",
            range=range_of(field),
        )


def _origin(path: tuple[str, ...], *, in_file: bool) -> str:
    """Who set it: the environment, or the file."""
    variable = settings_file.set_by(path)
    if variable:
        return f"environment {variable}"
    return "file" if in_file else "default"


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
