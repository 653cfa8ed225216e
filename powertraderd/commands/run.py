"""`powertraderd run`: the daemon itself, until it is told to stop."""

import subprocess
from pathlib import Path

from powertraderd import settings_file, supervisor
from powertraderd.commands.command_line import Config, errors_are_explained
from powertraderd.errors import ConfigError
from powertraderd.supervision.spawn import python_command

_GATE_S = 120
"""The longest that the doctor may take before it counts as passed: the trader asks again itself."""


@errors_are_explained
def run(*, config: Config = None) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    With real money `powertraderd doctor` must pass first; what mends itself, such as an exchange
    that does not answer, does not keep the daemon from starting.

    Exit codes: 0 stopped, 70 internal error, 75 another daemon holds the state folder, 77 the
    exchange refuses the key, 78 wrong settings, or the doctor forbids live trading.

    Example: powertraderd run --config /etc/powertraderd/powertraderd.toml
    """
    settings = settings_file.load(config)
    if settings.trading.mode == "live":
        _pass_the_doctor(config)
    raise SystemExit(supervisor.run(settings, config))


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
