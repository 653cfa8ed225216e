"""`powertraderd run`: the daemon itself, until it is told to stop."""

from powertraderd import settings_file, supervisor
from powertraderd.commands.command_line import Config, errors_are_explained


@errors_are_explained
def run(*, config: Config = None) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C.

    Exit codes: 0 stopped, 70 internal error, 75 another daemon holds the state folder, 77 the
    exchange refuses the key, 78 wrong settings.

    Example: powertraderd run --config /etc/powertraderd/powertraderd.toml
    """
    raise SystemExit(supervisor.run(settings_file.load(config), config))
