"""``python -m powertraderd.supervision.validate [FILE]``: read the settings in a throwaway process.

Prints them as JSON; what is wrong goes to standard error, with the exit code of a ConfigError. A
settings file that crashes or hangs whoever reads it does so here.
"""

import sys
from pathlib import Path

from powertraderd.errors import ConfigError
from powertraderd.settings_file import load


def main(arguments: list[str]) -> int:
    """Validate the file named in ``arguments``, or the one that the environment names."""
    try:
        settings = load(Path(arguments[0]) if arguments else None)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(settings.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
