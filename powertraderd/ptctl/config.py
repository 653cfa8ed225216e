"""`ptctl config diff`: what a reload would change."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from powertraderd.errors import ConfigError
from powertraderd.ptctl import options
from powertraderd.ptctl.figures import pick
from powertraderd.ptctl.session import Leave, Session, complain
from powertraderd.ptctl.table import Column, paper, render

app = typer.Typer()
config = typer.Typer(no_args_is_help=True, help="The settings that the daemon runs with.")
app.add_typer(config, name="config", rich_help_panel=options.DAEMON)


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs; None where one side does not have it."""

    setting: str
    running: str | None
    file: str | None


_COLUMNS = (
    Column("SETTING", lambda change: change.setting),
    Column("RUNNING", lambda change: _shown(change.running), flexible=True),
    Column("IN THE FILE", lambda change: _shown(change.file), flexible=True),
)


def _shown(value: str | None) -> str:
    return "-" if value is None else value


@config.command()
def diff(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Else the file that the daemon read.")
    ] = None,
    *,
    socket: options.Socket = None,
    as_json: options.Json = False,
) -> None:
    """What `ptctl reload` would change: the running settings against the file as it is now.

    Variables of the environment count as ptctl sees them, which may not be as the daemon does.

    Example: ptctl config diff && ptctl reload
    """
    session = Session(socket, as_json)
    running = session.data("settings")
    named = pick(running, "config")
    path = file or (Path(named) if named else None)
    changes = list(_changes(pick(running, "settings") or {}, _of_file(path)))
    answer = {"file": None if path is None else str(path), "changes": [asdict(c) for c in changes]}
    lines = render(_COLUMNS, changes, paper()) if changes else ["the file changes nothing"]
    session.show(answer, lines)


def _of_file(path: Path | None) -> Mapping[str, Any]:
    """The settings in the file; wrong ones are said, and nothing is compared."""
    from powertraderd import settings_file  # noqa: PLC0415 - pydantic takes 200 ms

    try:
        return settings_file.load(path).model_dump(mode="json", exclude={"notify"})
    except ConfigError as error:
        complain(str(error))
        raise SystemExit(Leave.REFUSED) from None


def _changes(running: Mapping[str, Any], file: Mapping[str, Any]) -> Iterator[Change]:
    ours, theirs = dict(_flat(running)), dict(_flat(file))
    for setting in sorted({*ours, *theirs}):
        if ours.get(setting) != theirs.get(setting):
            yield Change(setting, ours.get(setting), theirs.get(setting))


def _flat(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str | None]]:
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, None if value is None else str(value)
