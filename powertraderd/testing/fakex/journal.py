"""What happened, in order: a JSON line when a request was read, another when it was over.

The lines of one request have the same number ``n``; the later one counts.
"""

import json
import threading
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """All requests, also those that were in our hands when we were killed."""

    def __init__(self, path: Path) -> None:
        """Go on with what is in ``path``."""
        self._path = path
        self._lock = threading.Lock()
        self.entries: list[Entry] = []
        self.tokens: list[str] = []
        """What the client signed; kept in memory alone, to look for it in logs."""
        if path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            entries = [json.loads(line) for line in lines if line.endswith("}")]
            self.entries = list({entry["n"]: entry for entry in entries}.values())
        self._file = path.open("a", encoding="utf-8")

    def begin(self, **facts: Any) -> Entry:  # noqa: ANN401 - JSON
        """A request that was just read."""
        with self._lock:
            entry: Entry = {"n": len(self.entries), **facts}
            self.entries.append(entry)
            self._write(entry)
        return entry

    def end(self, entry: Entry, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """It is over."""
        with self._lock:
            entry.update(facts)
            self._write(entry)

    def _write(self, entry: Entry) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def since(self, number: int) -> list[Entry]:
        """Entries from ``number`` on."""
        with self._lock:
            return [dict(entry) for entry in self.entries if entry["n"] >= number]

    def clear(self) -> None:
        """Begin anew."""
        with self._lock:
            self.entries.clear()
            self.tokens.clear()
            self._file.truncate(0)
