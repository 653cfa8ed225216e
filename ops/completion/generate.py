"""Completion of ptctl and powertraderd for bash, zsh and fish, as typer writes it.

``python ops/completion/generate.py [FOLDER]`` writes one file for each program and shell; the wheel
puts them where the shells look.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

PROGRAMS = {"ptctl": "powertraderd.ptctl", "powertraderd": "powertraderd"}
SHELLS = ("bash", "zsh", "fish")


def script(program: str, shell: str) -> str:
    """What the program prints for ``--show-completion``.

    For zsh in the form of an autoloaded function: #compdef in the first line, and the last one
    completes instead of registering what would complete the next time.
    """
    asked = {f"_{program.upper()}_COMPLETE": f"source_{shell}"}
    # the module's own name is __main__.py; the word after -c is the name that is completed
    start = f"import sys; sys.argv[0] = {program!r}; from {PROGRAMS[program]}.__main__ import main"
    words = [sys.executable, "-c", f"{start}; main()"]
    environment = {**os.environ, **asked}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    text = done.stdout.strip() + "\n"
    return re.sub(r"compdef (_\w+) \w+\n$", r'\1 "$@"\n', text) if shell == "zsh" else text


def main(folder: Path) -> None:
    """Write all of them."""
    for program in PROGRAMS:
        for shell in SHELLS:
            path = folder / f"{program}.{shell}"
            path.write_text(script(program, shell), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent)
