"""What an installed wheel brings beside the programs: manual and completion in their places."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = {
    "man/man1/ptctl.1": "docs/man/ptctl.1",
    "man/man1/powertraderd.1": "docs/man/powertraderd.1",
    "bash-completion/completions/ptctl": "ops/completion/ptctl.bash",
    "bash-completion/completions/powertraderd": "ops/completion/powertraderd.bash",
    "zsh/site-functions/_ptctl": "ops/completion/ptctl.zsh",
    "zsh/site-functions/_powertraderd": "ops/completion/powertraderd.zsh",
    "fish/vendor_completions.d/ptctl.fish": "ops/completion/ptctl.fish",
    "fish/vendor_completions.d/powertraderd.fish": "ops/completion/powertraderd.fish",
}
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel is installed, without what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    alone = ("--no-deps", "--no-index")
    made = (*PIP, "wheel", *alone, "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    subprocess.run(made, check=True, capture_output=True)
    (wheel,) = folder.glob("powertraderd-*.whl")
    place = folder / "prefix"
    subprocess.run(
        (*PIP, "install", *alone, "--ignore-installed", "--prefix", str(place), str(wheel)),
        check=True,
        capture_output=True,
    )
    return place


@pytest.mark.parametrize(("installed", "source"), SHARED.items(), ids=SHARED)
def test_the_wheel_installs_manual_and_completion(
    prefix: Path, installed: str, source: str
) -> None:
    """Beside bin, where man and the shells look."""
    assert (prefix / "share" / installed).read_bytes() == (ROOT / source).read_bytes()
    assert (prefix / "bin" / "ptctl").is_file()


def test_the_completion_is_current(tmp_path: Path) -> None:
    """`make generate` writes it."""
    generate = ROOT / "ops/completion/generate.py"
    subprocess.run([sys.executable, str(generate), str(tmp_path)], check=True)
    made = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text("utf-8") for path in generate.parent.glob("p*.*sh")}
    assert made == kept


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ptctl sta", {"start", "status"}),
        ("ptctl chart --time", {"--timeframe"}),
        ("powertraderd imp", {"import-legacy"}),
    ],
)
def test_bash_completes_with_the_installed_file(prefix: Path, line: str, offered: set[str]) -> None:
    """As a Tab would; the program itself is the one under test."""
    program, *words = line.split()
    completion = prefix / "share/bash-completion/completions" / program
    asked = (
        f"source {completion}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; "
        f'_{program}_completion {program}; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", asked],
        env={**os.environ, "PATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(done.stdout.split()) == offered
