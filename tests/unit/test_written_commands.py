"""Every `ptctl` and `powertraderd` command in a page or a help text: its verb and options exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from powertraderd.__main__ import build
from powertraderd.ptctl.app import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS: dict[str, Any] = {
    "ptctl": typer.main.get_command(app),
    "powertraderd": typer.main.get_command(build(None)),
}
_FENCED = re.compile(r"^ *```.*?\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(r"`((?:ptctl|powertraderd) [^`]+)`")
_START = re.compile(r"^ *(?:\$ )?(?:\.venv/bin/)?((?:ptctl|powertraderd) .*)$")
_ENDS = {"|", "&&", ";", ">", "2>", "<", "||"}


def written(page: Path) -> Iterator[str]:
    """Command lines of fenced blocks, and commands within a sentence."""
    text = page.read_text(encoding="utf-8")
    for block in _FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if found := _START.match(line):
                yield found[1]
    yield from (" ".join(each.split()) for each in _INLINE.findall(_FENCED.sub("", text)))


def in_help(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - click's own types
    """Examples in the help of a program's verbs."""
    for each in getattr(command, "commands", {}).values():
        yield from in_help(name, each)
        _, _, examples = (each.help or "").partition("Example")
        paragraphs = re.split(r"\n\n|  +", examples.partition(":")[2])
        yield from (" ".join(line.split()) for line in paragraphs if line.strip())


WRITTEN = {(page.name, line) for page in PAGES for line in written(page)}
HELP = {(name, line) for name, command in COMMANDS.items() for line in in_help(name, command)}


def words_of(line: str) -> list[str]:
    """Up to a pipe, a comment or another command."""
    words = shlex.split(line, comments=True)
    ends = [place for place, word in enumerate(words) if word in _ENDS]
    return words[: ends[0]] if ends else words


def check(line: str) -> None:
    """Follow the words to the command, then look for each option."""
    program, *words = words_of(line)
    command = COMMANDS[program]
    known = {option for each in command.params for option in each.opts}
    while words and hasattr(command, "commands"):
        word = words.pop(0)
        if word.startswith("-"):
            assert word in known | {"--help"}, f"{line}: no option {word}"
            continue
        if not re.fullmatch(r"[a-z][a-z-]*", word):
            return  # `ptctl VERB`, `powertraderd start|stop`
        assert word in command.commands, f"{line}: no verb {word}"
        command = command.commands[word]
        known |= {option for each in command.params for option in each.opts}
    for word in words:
        option = word.partition("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option):
            assert option in known | {"--help"}, f"{line}: no option {option}"


@pytest.mark.parametrize(("where", "line"), sorted(WRITTEN | HELP))
def test_a_command_that_is_written_down_exists(where: str, line: str) -> None:
    """With its verb and all its options."""
    if line.split(maxsplit=1)[0] not in COMMANDS:
        pytest.skip(f"{where}: another program's line")
    check(line)


def test_the_pages_and_the_help_have_commands() -> None:
    """Else the test above would look at nothing."""
    assert len(WRITTEN) > 100
    assert len(HELP) > 40


@pytest.mark.parametrize(
    "line", ["ptctl stauts", "ptctl status --jsn", "powertraderd run --conf x"]
)
def test_a_wrong_command_is_found(line: str) -> None:
    """A verb or an option that does not exist."""
    with pytest.raises(AssertionError, match=r"no (verb|option)"):
        check(line)
