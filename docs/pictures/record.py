"""Pictures of ptctl for the documentation: real screens of a running daemon, 80 columns wide.

Run beside `powertraderd demo`: `python docs/pictures/record.py`. Each verb runs on a terminal of
its own; what it wrote there is turned into SVG by rich.
"""

import contextlib
import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COLUMNS = 80
PICTURES = {  # name: lines of the terminal, words
    "top": (36, ["top"]),
    "status": (24, ["status"]),
    "chart": (40, ["chart", "BTC"]),
    "positions": (24, ["positions"]),
}
_FORMAT = re.sub(r"\s*@font-face \{\{.*?\n\s*\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without fonts from elsewhere: the reader's own will do."""
_HOME = "\x1b[H"
_FULL_VIEW_S = 5.0
_LONGEST_S = 60.0


def main() -> None:
    """Record all pictures, or those that are named."""
    for name in sys.argv[1:] or PICTURES:
        height, words = PICTURES[name]
        lines = screen(words, height)
        (HERE / f"{name}.svg").write_text(svg(lines, f"ptctl {' '.join(words)}"), encoding="utf-8")


def screen(words: list[str], height: int) -> list[str]:
    """What ptctl left on a terminal; of a live view its last whole look."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, COLUMNS, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "powertraderd.ptctl", *words],
        preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - nothing else in the child
        env={**os.environ, "TERM": "xterm-256color"},
    ) as process:
        os.close(theirs)
        seen = _read(ours, leave=words == ["top"])
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"ptctl {' '.join(words)} left with {process.returncode}: {seen}")
    looks = seen.replace("\r\n", "\n").split("\x1b[?1049l")[0].split(_HOME)
    return (looks[-1] if len(looks) > 1 else seen.replace("\r\n", "\n")).rstrip("\n").split("\n")


def _read(terminal: int, *, leave: bool) -> str:
    seen, started, asked = b"", time.monotonic(), False
    while time.monotonic() - started < _LONGEST_S:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65_536)
            except OSError:  # the other side is closed
                break
        if leave and not asked and time.monotonic() - started > _FULL_VIEW_S and b"? help" in seen:
            os.write(terminal, b"q")
            asked = True
    return seen.decode()


def svg(lines: list[str], title: str) -> str:
    """The lines as a picture of a terminal."""
    with contextlib.redirect_stdout(io.StringIO()):
        console = Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO())
        for line in lines:
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, highlight=False)
    return console.export_svg(title=title, unique_id="ptctl", code_format=_FORMAT)


if __name__ == "__main__":
    main()
