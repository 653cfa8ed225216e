"""`powertraderd init`: a settings file to begin with, from a few questions or from flags."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import typer
from rich.console import Console
from rich.prompt import Prompt

from powertraderd import settings_file
from powertraderd.commands.check_config import Entry, entries
from powertraderd.commands.command_line import errors_are_explained, say
from powertraderd.errors import ConfigError
from powertraderd.model.rules import Mode
from powertraderd.settings import Settings
from powertraderd.settings_words import toml_value

Source = Literal["synthetic", "kucoin", "coinbase", "replay"]
Answers = dict[str, dict[str, Any]]

_RARE = ("supervisor", "coins")
"""Sections that few people need; check-config shows them."""
_PRIVATE = 0o640


@errors_are_explained
def init(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it; an existing file stays.")
    ] = Path("powertraderd.toml"),
    mode: Annotated[Mode | None, typer.Option(help="Paper money, or the real thing.")] = None,
    coins: Annotated[str | None, typer.Option(help="Tickers with commas: BTC,ETH")] = None,
    candles: Annotated[Source | None, typer.Option(help="Where candles come from.")] = None,
    cash: Annotated[
        str | None, typer.Option(help="Paper: cash to begin with. Live: the daemon's budget.")
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any other setting; repeatable."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; what is not given has its default.")
    ] = False,
) -> None:
    """Write a commented settings file.

    On a terminal it asks for what the flags leave open. Every other key stands in the file as a
    comment, with its default, meaning and range.

    Examples: powertraderd init

    powertraderd init live.toml --mode live --coins BTC,ETH --cash 500 --yes

    powertraderd init --yes --candles replay --set candles.directory=candles
    """
    if file.exists():
        msg = f"{file}: is there already and stays as it is; name another file"
        raise ConfigError(msg)
    ask = _asking if sys.stdin.isatty() and not yes else _not_asking
    given = {"mode": mode, "coins": coins, "candles": candles, "cash": cash}
    words = _words(ask, {name: value for name, value in given.items() if value is not None})
    _write(file, _with(_answers(words), other or []))
    say(f"{file} was written; look at it, then:")
    for line in _next_steps(file, words["mode"]):
        say(f"  {line}")


Ask = Callable[[str, str, Sequence[str]], str]
"""(question, what an empty answer means, all possible answers or none) -> answer"""


def _asking(question: str, default: str, choices: Sequence[str]) -> str:
    return Prompt.ask(
        question,
        console=Console(stderr=True),
        choices=list(choices) or None,
        default=default,
        show_default=bool(default),
    ).strip()


def _not_asking(_question: str, default: str, _choices: Sequence[str]) -> str:
    return default


def _words(ask: Ask, given: Mapping[str, str]) -> dict[str, str]:
    """What was given, and for the rest what is answered."""
    words = dict(given)

    def settle(name: str, question: str, default: str, choices: Sequence[str] = ()) -> None:
        if name not in words:
            words[name] = ask(question, default, choices)

    settle("mode", "paper money or live", "paper", get_args(Mode))
    settle("coins", "coins, with commas", "BTC,ETH")
    settle("candles", "where candles come from", "kucoin", get_args(Source))
    live = words["mode"] == "live"
    settle("cash", "how many dollars it may trade with" if live else "paper dollars", "")
    return words


def _answers(words: Mapping[str, str]) -> Answers:
    """The answers as settings; what was left empty keeps its default."""
    coins = [coin.strip().upper() for coin in words["coins"].split(",") if coin.strip()]
    answers: Answers = {
        "trading": {"mode": words["mode"], "coins": coins},
        "candles": {"source": words["candles"]},
    }
    if words["cash"]:
        live = words["mode"] == "live"
        section, key = ("exchange", "budget") if live else ("paper", "starting_cash")
        answers[section] = {key: _amount(words["cash"])}
    return answers


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text.replace("_", "").strip())
    except InvalidOperation:
        msg = f"--cash {text!r}: is no number; write it like 500"
        raise ConfigError(msg) from None


def _with(answers: Answers, others: Sequence[str]) -> Answers:
    """``answers`` and what --set says, by section."""
    for other in others:
        settings_file.apply(answers, other)
    return dict(_by_section(answers))


def _by_section(values: Mapping[str, Any], section: str = "") -> Iterator[tuple[str, Any]]:
    """Tables inside of tables as sections of their own, named with dots."""
    keys = {key: value for key, value in values.items() if not isinstance(value, dict)}
    if keys:
        yield section, keys
    for name, table in values.items():
        if isinstance(table, dict):
            yield from _by_section(table, f"{section}.{name}" if section else name)


def _write(file: Path, answers: Answers) -> None:
    """All of it or nothing: the settings must be usable before they get their name."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write("\n".join(lines(answers)) + "\n")
        try:
            settings_file.load(fresh)
        except ConfigError as error:
            told = re.sub(rf"{re.escape(str(fresh))}( line \d+)?", "these answers", str(error))
            raise ConfigError(told) from None
        file.hardlink_to(fresh)
    except OSError as error:
        msg = f"{file}: cannot be written ({error.strerror}); name another file"
        raise ConfigError(msg) from None
    finally:
        fresh.unlink(missing_ok=True)


def lines(answers: Answers) -> Iterator[str]:
    """The file: chosen keys as they are, all others as comments with their defaults."""
    yield "# Settings of powertraderd. A key behind # has the value that it shows."
    yield "# All keys, also those that are not here: powertraderd check-config --explain"
    shown = set()
    for section, group in groupby(entries(Settings(), {}), lambda entry: entry.section):
        if section.split(".")[0] not in _RARE:
            shown.add(section)
            yield from _section(section, list(group), answers.get(section, {}))
    for section in answers:
        if section not in shown:
            yield from _section(section, [], answers[section])


def _section(section: str, every: Sequence[Entry], chosen: Mapping[str, Any]) -> Iterator[str]:
    """One table; a chosen key that is none is refused when the file is read."""
    yield ""
    yield f"[{section}]"
    for entry in every:
        yield from _key(entry, chosen)
    known = {entry.key for entry in every}
    yield from (f"{key} = {toml_value(chosen[key])}" for key in chosen if key not in known)


def _key(entry: Entry, chosen: Mapping[str, Any]) -> Iterator[str]:
    bounds = f" ({entry.range})" if entry.range else ""
    yield f"# {entry.help}{bounds}"
    if entry.key in chosen:
        yield f"{entry.key} = {toml_value(chosen[entry.key])}"
    elif entry.value is None:
        yield f"# {entry.key} is not set"
    else:
        yield f"# {entry.key} = {entry.value}"


def _next_steps(file: Path, mode: str) -> Iterator[str]:
    yield f"powertraderd check-config --config {file}"
    if mode == "live":
        yield f"powertraderd creds set cdp_api_key.json --config {file}"
    yield f"powertraderd doctor --config {file}"
    yield f"powertraderd run --config {file}"
