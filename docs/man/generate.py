"""Man pages of ptctl and powertraderd, made of their own help.

``python docs/man/generate.py ptctl > docs/man/ptctl.1``; ``make generate`` writes both.
"""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from powertraderd import __version__

_SEE_ALSO = {"ptctl": "powertraderd", "powertraderd": "ptctl"}


def text(name: str, app: typer.Typer) -> str:
    """The page, in the man macros, of a program with verbs."""
    command: Any = typer.main.get_command(app)
    lines = [
        f'.TH {name.upper()} 1 "" "{name} {__version__}" "User Commands"',
        ".SH NAME",
        f"{name} \\- {_escaped((command.help or '').strip().splitlines()[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {name}\n[OPTIONS] COMMAND [ARGS]...",
        ".SH OPTIONS",
        *_options(command),
        ".SH COMMANDS",
        *_commands(name, command),
        *([".SH EXIT STATUS", _escaped(command.epilog)] if command.epilog else []),
        ".SH SEE ALSO",
        f".BR {_SEE_ALSO[name]} (1)",
    ]
    return "\n".join(lines) + "\n"


def _commands(prefix: str, group: Any) -> Iterator[str]:  # noqa: ANN401 - click's own types
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{prefix} {word}", command)
            continue
        yield f'.SS "{prefix} {word}{_arguments(command)}"'
        yield from _paragraphs(command.help or "")
        yield from _options(command)


def _arguments(command: Any) -> str:  # noqa: ANN401
    named = _named(command, "argument")
    words = [(each.metavar or each.name.upper(), each.required) for each in named]
    shown = [word if needed or word[:1] == "[" else f"[{word}]" for word, needed in words]
    return "".join(f" {_escaped(word)}" for word in shown)


def _options(command: Any) -> Iterator[str]:  # noqa: ANN401
    for option in _named(command, "option"):
        words = ", ".join(f"\\fB{_escaped(word)}\\fR" for word in option.opts)
        value = "" if option.is_flag else f" \\fI{_escaped(option.metavar or option.name)}\\fR"
        yield f".TP\n{words}{value}"
        yield _escaped(option.help or "")


def _named(command: Any, kind: str) -> list[Any]:  # noqa: ANN401
    return [each for each in command.params if each.param_type_name == kind]


def _paragraphs(help_text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(help_text).split("\n\n"):
        yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(words: str) -> str:
    """Words that mean themselves: no escapes, no requests, hyphens that can be copied."""
    plain = words.replace("\\", "\\e").replace("-", "\\-").replace("`", "")
    return "\n".join("\\&" + line if line[:1] in {".", "'"} else line for line in plain.split("\n"))


def page(name: str) -> str:
    """The text of the page of one program."""
    if name == "ptctl":
        from powertraderd.ptctl.app import app  # noqa: PLC0415 - they import much

        return text(name, app)
    from powertraderd.__main__ import build  # noqa: PLC0415

    return text(name, build(None))


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
