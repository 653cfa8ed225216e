"""The same hung and the same crash-looping worker under gunicorn and supervisord.

``python benchmarks/other_supervisors.py``; installs both by name into a throwaway environment and
takes about three minutes. Each is configured as its manual suggests.
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

WATCHED_S = 30.0
TIMEOUT_S = 3  # gunicorn's; its default is 30

APP = """
import os, socket, time
note = open({diary!r}, "a")
note.write(f"{{os.getpid()}} {{time.monotonic()}}\\n"); note.flush()
def app(environ, start):
    if environ["PATH_INFO"] == "/hang":
        here, there = socket.socketpair(); here.recv(1)
    if environ["PATH_INFO"] == "/spin":
        import collections, itertools; collections.deque(itertools.repeat(None), maxlen=0)
    start("200 OK", []); return [b"ok"]
def crashing(environ, start): ...
if os.environ.get("CRASH"):
    import threading; threading.Timer(float(os.environ["CRASH"]), os._exit, (1,)).start()
"""
PROGRAM = """
import os, socket, sys, time
with open({diary!r}, "a") as note: note.write(f"{{os.getpid()}} {{time.monotonic()}}\\n")
if sys.argv[1] == "hang":
    here, there = socket.socketpair(); here.recv(1)
time.sleep(float(sys.argv[1])); os._exit(1)
"""


_AT_ONCE = "/bin/sh -c 'echo $$ >> births; exit 1'"


def _row(what: str, figure: str) -> None:
    print(f"{what:<58} {figure:>20}", flush=True)


def _births(diary: Path) -> list[int]:
    if not diary.exists():
        return []
    return [int(line.split()[0]) for line in diary.read_text(encoding="ascii").splitlines()]


def _get(port: int, path: str, timeout_s: float) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout_s).read()
        return True
    return False


def _wait(condition: Callable[[], bool], patience_s: float) -> float | None:
    began = time.monotonic()
    while time.monotonic() - began < patience_s:
        if condition():
            return time.monotonic() - began
        time.sleep(0.02)
    return None


def _gunicorn(tools: Path, folder: Path, port: int, **environment: str) -> subprocess.Popen[bytes]:
    (folder / "app.py").write_text(APP.format(diary=str(folder / "births")), encoding="ascii")
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--timeout", str(TIMEOUT_S)]
    return subprocess.Popen(
        [tools / "gunicorn", *bind, "--chdir", str(folder), "app:app"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def gunicorn(tools: Path, folder: Path) -> None:
    """A request that hangs, one that holds the GIL, and a worker that dies every half second."""
    for port, path in ((8771, "/hang"), (8772, "/spin")):
        home = folder / path.strip("/")
        home.mkdir()
        master = _gunicorn(tools, home, port)
        _wait(lambda port=port: _get(port, "/", 1), 20)  # type: ignore[misc]
        with suppress(OSError):
            _get(port, path, 0.2)
        again = _wait(lambda port=port: _get(port, "/", 0.5), WATCHED_S)  # type: ignore[misc]
        late = "never" if again is None else f"{again + 0.2 - TIMEOUT_S:.2f} s"
        _row(f"gunicorn, {path}: deadline ({TIMEOUT_S} s) to answering again", late)
        _end(master)
    home = folder / "crash"
    home.mkdir()
    master = _gunicorn(tools, home, 8773, CRASH="0.5")
    time.sleep(WATCHED_S)
    births, code = len(_births(home / "births")), master.poll()
    _row(f"gunicorn, dies 0.5 s after each start: starts in {WATCHED_S:g} s", str(births))
    _row("gunicorn, the same: given up", "no" if code is None else f"exit {code}")
    _end(master)


def supervisord(tools: Path, folder: Path) -> None:
    """A program that hangs, one that dies after startsecs, one that dies at once."""
    (folder / "program.py").write_text(PROGRAM.format(diary="births"), encoding="ascii")
    for word, what in (("hang", "hangs"), ("1.5", "dies after 1.5 s"), ("0", "dies at once")):
        home = folder / f"program-{word}"
        home.mkdir()
        config = home / "supervisord.conf"
        ours = f"{sys.executable} {folder}/program.py {word}"
        command = _AT_ONCE if word == "0" else ours
        config.write_text(
            f"[supervisord]\nnodaemon=true\ndirectory={home}\nlogfile={home}/log\n"
            f"pidfile={home}/pid\n[program:worker]\nautorestart=true\ndirectory={home}\n"
            f"command={command}\n",
            encoding="ascii",
        )
        master = subprocess.Popen(
            [tools / "supervisord", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(WATCHED_S)
        births = len(_births(home / "births"))
        given_up = "FATAL" in (home / "log").read_text() or "gave up" in (home / "log").read_text()
        _row(f"supervisord, worker {what}: starts in {WATCHED_S:g} s", str(births))
        _row(f"supervisord, worker {what}: given up", "yes" if given_up else "no")
        _end(master)


def _end(master: subprocess.Popen[bytes]) -> None:
    master.terminate()
    try:
        master.wait(10)
    except subprocess.TimeoutExpired:
        master.kill()
        master.wait()


def main() -> None:
    """Install, then watch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        tools = folder / "venv" / "bin"
        packages = ["gunicorn", "supervisor", "setuptools<81"]
        subprocess.run([tools / "pip", "install", "--quiet", *packages], check=True)
        for measure in (gunicorn, supervisord):
            home = folder / measure.__name__
            home.mkdir()
            measure(tools, home)


if __name__ == "__main__":
    main()
