"""`ptctl config diff`: what a reload would change."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from powertraderd.errors import ConfigError
from powertraderd.ptctl import options
from powertraderd.ptctl.figures import pick
from powertraderd.ptctl.session import Leave, Session, complain
from powertraderd.ptctl.table import Column, paper, render

if TYPE_CHECKING:
    from powertraderd.settings import Settings

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

    Warns where the ladders of averaging down could cost more than with the running settings.
    Variables of the environment count as ptctl sees them, which may not be as the daemon does.

    Example: ptctl config diff && ptctl reload
    """
    session = Session(socket, as_json)
    running = session.data("settings")
    named = pick(running, "config")
    path = file or (Path(named) if named else None)
    ours, theirs = pick(running, "settings") or {}, _of_file(path)
    changes = list(_changes(ours, theirs.model_dump(mode="json", exclude={"notify"})))
    risk = _more_risk(ours, theirs) if changes else ""
    answer = {
        "file": None if path is None else str(path),
        "changes": [asdict(change) for change in changes],
        "more_risk": risk,
    }
    lines = render(_COLUMNS, changes, paper()) if changes else ["the file changes nothing"]
    session.show(answer, [*lines, *([f"WARNING: more risk: {risk}"] if risk else [])])


def _of_file(path: Path | None) -> "Settings":
    """The settings in the file; wrong ones are said, and nothing is compared."""
    from powertraderd import settings_file  # noqa: PLC0415 - pydantic takes 200 ms

    try:
        return settings_file.load(path)
    except ConfigError as error:
        complain(str(error))
        raise SystemExit(Leave.REFUSED) from None


def _more_risk(running: Mapping[str, Any], file: "Settings") -> str:
    """What the file's worst case has more than that of the running settings, or nothing."""
    from powertraderd.settings import Settings  # noqa: PLC0415 - as above
    from powertraderd.strategy import worst_case  # noqa: PLC0415 - as above

    cases = (
        worst_case.of_settings(each.rules, each.trading.coins)
        for each in (Settings.model_validate_json(json.dumps(running)), file)
    )
    old, new = ((case.needed, case.placed) for case in cases)
    return worst_case.raised(old, new)


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
