"""`powertraderd run`: the daemon itself, until it is told to stop."""

import os
import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from powertraderd import settings_file, supervisor
from powertraderd.commands.command_line import Config, errors_are_explained
from powertraderd.errors import ConfigError
from powertraderd.settings import Settings
from powertraderd.supervision.spawn import python_command

_GATE_S = 120
"""The longest that the doctor may take before it counts as passed: the trader asks again itself."""


@errors_are_explained
def run(
    *,
    config: Config = None,
    passphrase_fd: Annotated[
        int | None,
        typer.Option("--passphrase-fd", metavar="N", help="Read the key's passphrase from here."),
    ] = None,
) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    With real money `powertraderd doctor` must pass first; what mends itself, such as an exchange
    that does not answer, does not keep the daemon from starting. A key that is sealed with a
    passphrase needs it: from systemd, from --passphrase-fd, or asked for on the terminal.

    Exit codes: 0 stopped, 70 internal error, 75 another daemon holds the state folder, 77 the
    exchange refuses the key, 78 wrong settings, or the doctor forbids live trading.

    Example: powertraderd run --config /etc/powertraderd/powertraderd.toml
    """
    settings = settings_file.load(config)
    if settings.trading.mode == "paper":
        raise SystemExit(supervisor.run(settings, config))
    with _passphrase(settings, passphrase_fd):
        _pass_the_doctor(config)
        raise SystemExit(supervisor.run(settings, config))


def _passphrase(settings: Settings, descriptor: int | None) -> AbstractContextManager[None]:
    """The trader finds the passphrase in this block, where the key needs one."""
    from powertraderd.adapters.credentials import handover, passphrase  # noqa: PLC0415 - live only

    key_file, state_dir = settings.exchange.key_file, settings.paths.state_dir
    if not handover.needs_passphrase(key_file, state_dir, os.environ):
        return nullcontext()
    return handover.handed_over(passphrase.asked(descriptor))


def _pass_the_doctor(config: Path | None) -> None:
    """In a process of its own, so that this one never holds the key. Raises ConfigError."""
    words = ["doctor", "--gate", *(("--config", str(config)) if config else ())]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            python_command("powertraderd", *words),
            stdin=subprocess.DEVNULL,
            timeout=_GATE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return
    if done.returncode:
        msg = "live trading needs the doctor's consent: mend what fails above, and start again"
        raise ConfigError(msg)
