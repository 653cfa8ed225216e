"""`powertraderd backup` and `powertraderd restore`: the books, into one archive and back."""

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from powertraderd import __version__, settings_file
from powertraderd.adapters import backup as archives
from powertraderd.commands.command_line import Config, errors_are_explained, say
from powertraderd.errors import ConfigError
from powertraderd.supervision import folders, lock, state_file


@errors_are_explained
def backup(
    *,
    config: Config = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Else the folder backups in [paths] state_dir."),
    ] = None,
    keep: Annotated[
        int, typer.Option(min=1, help="How many archives stay there, the newest ones.")
    ] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Copy ledger, paper book and trading state into one archive; the daemon may go on.

    Prints the archive's path. Leaves with 75 where there is nothing to copy or no room.

    Example: powertraderd backup --config /etc/powertraderd/powertraderd.toml
    """
    os.umask(0o077)
    state_dir = settings_file.load(config).paths.state_dir
    _be_the_owner(state_dir)
    folder = to or state_dir / archives.FOLDER
    path = archives.write(state_dir, folder, now=datetime.now(UTC), made_by=__version__)
    pruned = archives.prune(folder, keep)
    if as_json:
        document = {"path": str(path), "bytes": path.stat().st_size, "pruned": len(pruned)}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        sys.stdout.write(f"{path}\n")


@errors_are_explained
def restore(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="Made by backup.")],
    *,
    config: Config = None,
) -> None:
    """Put an archive's books into the state folder. The daemon must be stopped.

    The books that are there are kept in a folder beside them. Trading is halted afterwards: orders
    placed since the backup are unknown to these books. Compare them with the exchange, then
    `ptctl resume`.

    Example: powertraderd restore powertraderd-20260301T040000000000Z.tar.gz --config FILE
    """
    os.umask(0o077)
    state_dir = settings_file.load(config).paths.state_dir
    _be_the_owner(state_dir)
    folders.prepare_state_dir(state_dir)
    held = lock.hold(state_dir / lock.SUPERVISOR_LOCK)
    try:
        aside = _restore(archive, state_dir)
    finally:
        os.close(held)
    say(f"restored from {archive.name}; what was there is in {aside}")
    say("trading is halted: compare the books with the exchange, then ptctl resume")


def _restore(archive: Path, state_dir: Path) -> Path:
    now = datetime.now(UTC)
    aside = state_dir / now.strftime("before-restore-%Y%m%dT%H%M%S%fZ")
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=state_dir) as name:
        room = Path(name)
        manifest = archives.unpack(archive, room)
        known = room if archives.STATE_FILE in manifest.files else state_dir
        state = state_file.load(known).held(
            halted=True, reason=f"restored from {archive.name}", who="restore", at=now
        )
        state_file.save(state_dir, state)  # first: whatever happens now, nothing trades
        archives.put_back(room, state_dir, manifest, aside)
    return aside


def _be_the_owner(state_dir: Path) -> None:
    """Files made by root would be closed to the daemon."""
    if not state_dir.exists():
        return
    owner = state_dir.stat().st_uid
    if owner != os.geteuid():
        msg = (
            f"[paths] state_dir = {state_dir}: belongs to user {owner}; run this as that user: "
            f"setpriv --reuid {owner} --regid {state_dir.stat().st_gid} --clear-groups ..."
        )
        raise ConfigError(msg)
