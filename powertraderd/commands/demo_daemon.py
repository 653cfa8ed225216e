"""The daemon that a demo runs: a child process with settings and folders of its own."""

import ctypes
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from powertraderd import settings_file
from powertraderd.commands import demo_settings
from powertraderd.errors import PowertraderError, StateLocked
from powertraderd.supervision.client import Client, DaemonUnreachable
from powertraderd.supervision.spawn import python_command

_PR_SET_PDEATHSIG = 1
_STOP_S = 60.0
_QUOTED_LINES = 5


class DemoFailed(PowertraderError):
    """The daemon of the demo ended by itself."""


class DemoDaemon:
    """`powertraderd run` in a temporary folder; its socket is in the user's runtime folder."""

    def __init__(self) -> None:
        """Start it. Raises StateLocked when a daemon is already running on that socket."""
        self.folder = Path(tempfile.mkdtemp(prefix="powertraderd-demo-"))
        config = demo_settings.write(self.folder)
        self.settings = settings_file.load(config)
        self.client = Client(self.settings.paths.socket)
        if self._runs_already():
            shutil.rmtree(self.folder)
            msg = f"a daemon runs at {self.client.path}: see `ptctl top`, or stop it first"
            raise StateLocked(msg)
        self.status: Mapping[str, Any] = {}
        self._errors = self.folder / "stderr.log"
        self._started = time.monotonic()
        self._process = self._start(config)

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self._started

    def look(self) -> None:
        """Keep the newest status. Raises DemoFailed when the daemon has ended."""
        code = self._process.poll()
        if code is not None:
            last = "\n".join(self._errors.read_text(errors="replace").splitlines()[-_QUOTED_LINES:])
            msg = f"the daemon of the demo ended with code {code}; see {self.folder}\n{last}"
            raise DemoFailed(msg)
        try:
            answer = self.client.request("status")
        except DaemonUnreachable:
            return  # not there yet
        if answer.ok:
            self.status = answer.data

    def stop(self) -> None:
        """End it and wait for its end. Raises DemoFailed when it has to be killed."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            msg = f"the daemon of the demo did not stop within {_STOP_S:g} s; see {self.folder}"
            raise DemoFailed(msg) from None

    def _runs_already(self) -> bool:
        try:
            self.client.request("status")
        except DaemonUnreachable:
            return False
        return True

    def _start(self, config: Path) -> subprocess.Popen[bytes]:
        """Out of reach of the terminal's Ctrl-C, and stopping when we are gone."""
        prctl = ctypes.CDLL(None).prctl
        with self._errors.open("wb") as errors:
            return subprocess.Popen(  # noqa: S603 - our own program
                python_command("powertraderd", "run", "--config", str(config)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                process_group=0,
                preexec_fn=lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 - there are no other threads
            )
