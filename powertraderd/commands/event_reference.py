"""docs/log-events.md, made of the calls that log; ``make generate`` writes it."""

import ast
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
_LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
_NOT_OURS = ("testing", "backtest")  # they are no part of the running daemon

_HEAD = """\
# Log events

Made by `make generate` from the calls in the code; a test holds it to be current.

Every line is one JSON object with `ts` (UTC), `level`, `event`, `worker` and `incarnation` (how
often that worker was started), and the fields below. Secrets are replaced by `[redacted]`. An event
of level `exception` is written as `error` with a traceback in `exception`; `...` stands for fields
that depend on the case, `*` for a part of the name that does. `ptctl logs` and `ptctl events` show
them; `journalctl -u powertraderd -o cat` has them all.

| event | level | fields | written by |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One way in which an event is logged."""

    name: str
    level: str
    fields: tuple[str, ...]
    module: str


def events(package: Path = PACKAGE) -> list[Event]:
    """Every event that the daemon's code logs, by name; a computed part of a name is ``*``."""
    files = (
        file
        for file in package.rglob("*.py")
        if file.relative_to(package).parts[0] not in _NOT_OURS
    )
    return sorted({event for file in files for event in _of(file, package)})


def _of(file: Path, package: Path) -> Iterator[Event]:
    module = str(file.relative_to(package).with_suffix(""))
    levels: tuple[str, ...]
    fields: tuple[str, ...]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=level), args=[name, *_]) if (
                level in _LEVELS and _is_log(owner)
            ):
                levels, fields = (level,), _words(node)
            case ast.Call(func=ast.Attribute(value=owner, attr="log"), args=[at, name, *_]) if (
                _is_log(owner)
            ):
                levels, fields = (str(getattr(at, "attr", "*")).lower(),), _words(node)
            case ast.Call(func=ast.Name(id="Log"), args=[at, name, *more]):  # supervision's value
                levels, fields = _names(at), ("of", *(_pairs(more[0]) if more else ()))
            case _:
                continue
        for level, event in itertools.product(levels, _names(name)):
            yield Event(event, level, fields, module)


def _words(call: ast.Call) -> tuple[str, ...]:
    return tuple(word.arg or "..." for word in call.keywords if word.arg != "exc_info")


def _pairs(fields: ast.expr) -> tuple[str, ...]:
    """The names in a tuple of (name, value); "..." where they are made elsewhere."""
    match fields:
        case ast.Tuple(elts=pairs):
            return tuple(
                str(pair.elts[0].value)
                if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant)
                else "..."
                for pair in pairs
            )
    return ("...",)


def _is_log(owner: ast.expr) -> bool:
    """Whether this is a logger, by its name: log, _log, self._log, context.log."""
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name.strip("_").lower() in {"log", "logger"}


def _names(event: ast.expr) -> tuple[str, ...]:
    match event:
        case ast.Constant(value=str(name)):
            return (name,)
        case ast.IfExp(body=first, orelse=second):
            return (*_names(first), *_names(second))
        case ast.BinOp(left=left, right=right):
            return tuple(f"{a}{b}" for a in _names(left) for b in _names(right))
    return ("*",)


def text() -> str:
    """The whole page."""
    return _HEAD + "".join(
        f"| `{event.name}` | {event.level} | {', '.join(f'`{name}`' for name in event.fields)} | "
        f"`{event.module}` |\n"
        for event in events()
    )


if __name__ == "__main__":
    sys.stdout.write(text())
