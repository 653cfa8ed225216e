"""docs/settings.md, made of the settings themselves; ``make generate`` writes it."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from powertraderd.commands.check_config import Entry, entries
from powertraderd.settings import PathSettings, Settings

_HEAD = """\
# Settings

Made by `make generate` from `powertraderd/settings.py` and `powertraderd/model/rules.py`; a test
holds it to be current.

TOML, named by `--config FILE` or `POWERTRADERD_CONFIG`. `POWERTRADERD_SECTION__KEY` in the
environment overrides one key (`POWERTRADERD_CLOCK__SPEED=7200`). Relative paths are meant from the
file's own folder, `~` is the home folder. An unknown key is refused with the nearest known name, a
value out of its range with the range; nothing is corrected silently, and zero means zero.

```
powertraderd check-config --config FILE             # usable? every value and where it comes from
powertraderd check-config --config FILE --explain   # the same with meaning and range
ptctl reload                                        # the running daemon reads its file again
```

A coin may have its own values of `[entry]`, `[dca]`, `[exit]` and of what in `[risk]` is not about
the whole account, in tables like `[coins.BTC.dca]`; keys that are not named there are as for all.

`examples/replay.toml` is a whole settings file. *Market seconds* are those of the candles (on an
accelerated clock they pass faster), *machine seconds* are real.
"""
_PATHS = PathSettings(
    state_dir=Path("~/.local/state/powertraderd"),
    runtime_dir=Path("$XDG_RUNTIME_DIR/powertraderd"),
)


def text() -> str:
    """The whole page; the two folders that depend on the user are named as rules."""
    every = entries(Settings(paths=_PATHS), {})
    return _HEAD + "".join(
        f"\n## [{section}]\n\n| key | default | range | meaning |\n|---|---|---|---|\n"
        + "".join(_rows(keys))
        for section, keys in groupby(every, lambda entry: entry.section)
    )


def _rows(keys: Iterator[Entry]) -> Iterator[str]:
    for entry in keys:
        default = "not set" if entry.value is None else f"`{entry.value}`"
        limits = f"`{entry.range}`".replace("|", "\\|") if entry.range else ""
        yield f"| `{entry.key}` | {default} | {limits} | {entry.help.replace('|', '/')} |\n"


if __name__ == "__main__":
    sys.stdout.write(text())
