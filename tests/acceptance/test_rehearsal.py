"""Going live rehearsed as docs/going-live.md says: what it prints is typed as it stands."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)
WORDS = "correct horse battery staple"
BIN = Path(sys.executable).parent


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[str]:
    """What a rehearsal that runs has said."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "powertraderd.testing.rehearsal"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
    ) as rehearsal:
        assert rehearsal.stdout is not None
        said = b""
        while b"going-live.md" not in said:
            assert select.select([rehearsal.stdout], [], [], 60)[0], said
            said += os.read(rehearsal.stdout.fileno(), 4096)
        yield said.decode()
        rehearsal.send_signal(signal.SIGINT)
        assert rehearsal.wait(30) == 0


def typed(command: str, folder: Path) -> str:
    """A command line as a person types it in that folder; the passphrase comes on descriptor 0."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        input=WORDS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_the_rehearsal_prints_leads_to_a_doctor_who_finds_nothing(
    printed: str, tmp_path: Path
) -> None:
    """From its init command over the key to the checks that open live mode."""
    init = printed[printed.index("powertraderd init") : printed.index("then go on")]
    typed(init, tmp_path)
    key = "creds set cdp_api_key.json --config live.toml --shred --passphrase-fd 0"
    typed(f"powertraderd {key}", tmp_path)
    assert not (tmp_path / "cdp_api_key.json").exists()
    checked = typed("powertraderd doctor --config live.toml --passphrase-fd 0", tmp_path)
    assert "ok   key rights       view and trade" in checked
    assert "least 1 USD" in checked
