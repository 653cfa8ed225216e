"""A key under a passphrase."""

import json

import pytest

from powertraderd.adapters.credentials import sealed
from powertraderd.errors import ConfigError

WORDS = "correct horse battery staple"


@pytest.fixture(scope="module")
def file() -> str:
    """Something sealed."""
    return sealed.seal("the secret", WORDS)


def test_the_passphrase_gives_it_back(file: str) -> None:
    """And nothing of it can be read without."""
    assert sealed.is_sealed(file)
    assert "secret" not in file
    assert sealed.unseal(file, WORDS, "key") == "the secret"


def test_two_sealings_have_nothing_in_common(file: str) -> None:
    """Salt and token are fresh each time."""
    again = json.loads(sealed.seal("the secret", WORDS))
    first = json.loads(file)
    assert again["salt"] != first["salt"]
    assert again["token"] != first["token"]


def test_a_wrong_passphrase_is_refused_with_the_place(file: str) -> None:
    """Without a hint how near it was."""
    with pytest.raises(ConfigError, match="key: wrong passphrase"):
        sealed.unseal(file, WORDS + " ", "key")


@pytest.mark.parametrize("part", ["salt", "token", "n", "r", "p"])
def test_a_changed_part_is_refused(file: str, part: str) -> None:
    """Nothing is half opened."""
    parts = json.loads(file)
    value = parts[part]
    if isinstance(value, int):
        parts[part] = value * 2
    else:
        parts[part] = f"{value[:8]}{'0' if value[8] != '0' else '1'}{value[9:]}"
    with pytest.raises(ConfigError, match=r"^key: "):
        sealed.unseal(json.dumps(parts), WORDS, "key")


@pytest.mark.parametrize(
    "figures", [{"n": 2**30}, {"r": 2**20}, {"p": 10**6}, {"n": 3}, {"n": 0}, {"p": -1}, {"n": "x"}]
)
def test_a_file_that_asks_for_the_whole_machine_is_refused(
    file: str, figures: dict[str, object]
) -> None:
    """The figures are bounded before any memory is taken."""
    with pytest.raises(ConfigError, match="key: damaged"):
        sealed.unseal(json.dumps(json.loads(file) | figures), WORDS, "key")


@pytest.mark.parametrize("text", ['{"powertraderd_sealed"', '{"powertraderd_sealed": 1}', "[]"])
def test_a_torn_file_is_refused(text: str) -> None:
    """With the remedy."""
    with pytest.raises(ConfigError, match="creds set"):
        sealed.unseal(text, WORDS, "key")


def test_a_newer_format_is_refused(file: str) -> None:
    """It may need what this version does not know."""
    with pytest.raises(ConfigError, match="newer version"):
        sealed.unseal(json.dumps(json.loads(file) | {sealed.MARK: 2}), WORDS, "key")


def test_a_short_passphrase_is_refused() -> None:
    """Before anything is written."""
    with pytest.raises(ConfigError, match="too short"):
        sealed.seal("the secret", "hunter2")


def test_a_guess_costs_at_least_what_the_original_asked() -> None:
    """480,000 rounds of PBKDF2 are about 0.2 s; scrypt here moves 96 MiB for each guess."""
    assert sealed.COST * sealed.BLOCK * 128 * sealed.LANES >= 96 * 2**20
