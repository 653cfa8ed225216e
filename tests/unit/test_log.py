"""Log lines: fields that machines rely on, and no secret in any of them."""

import json
import logging
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from powertraderd import log

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPLANTED\n-----END EC PRIVATE KEY-----"
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl"

PROGRAM = """
import logging, sys
from pathlib import Path
from powertraderd import log
log.configure(worker="trader", incarnation=3, level="info", form=sys.argv[1],
              file=Path(sys.argv[2]) if len(sys.argv) > 2 else None)
logger = log.get("test")
logger.debug("too_quiet")
logger.info("decision", coin="BTC", reason_code="no_signal")
logging.getLogger("library").warning("from %s", "outside")
try:
    raise ValueError("Bearer abc.def-PLANTED")
except ValueError:
    logger.exception("it_broke", api_key="PLANTED")
"""


def lines_of(*arguments: str) -> list[str]:
    """Standard output of a real process that logs."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


def test_every_line_is_one_json_object_with_the_promised_fields() -> None:
    """Library loggers go the same way."""
    events = [json.loads(line) for line in lines_of("json")]
    assert [event["event"] for event in events] == ["decision", "from outside", "it_broke"]
    for event in events:
        assert (event["worker"], event["incarnation"]) == ("trader", 3)
        assert event["ts"].endswith("Z")
    assert [event["level"] for event in events] == ["info", "warning", "error"]


def test_tracebacks_and_fields_lose_their_secrets() -> None:
    """Redaction covers a field's name, a value's shape and a rendered traceback."""
    text = "\n".join(lines_of("json"))
    assert "PLANTED" not in text
    assert "ValueError" in text


def test_the_file_holds_json_while_people_read_the_console(tmp_path: Path) -> None:
    """No colours where standard output is no terminal."""
    file = tmp_path / "powertraderd.log"
    console = lines_of("console", str(file))
    assert "decision" in console[0]
    assert "\x1b[" not in "".join(console)
    written = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert written[0]["coin"] == "BTC"


def test_a_rotated_file_is_opened_anew(tmp_path: Path) -> None:
    """As logrotate's `create` needs it; copytruncate is never needed."""
    file = tmp_path / "powertraderd.log"
    log.configure(worker="w", incarnation=1, level="info", form="json", file=file)
    try:
        logging.getLogger("a").info("before")
        file.rename(tmp_path / "powertraderd.log.1")
        logging.getLogger("a").info("after")
        assert "after" in file.read_text(encoding="utf-8")
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.basicConfig(handlers=[], force=True)


@pytest.mark.parametrize("secret", [PEM, JWT, "Bearer PLANTED", PEM[:50]])
def test_a_secret_is_known_by_its_shape(secret: str) -> None:
    """Whatever the field is called, and however deep it is."""
    event = log.redact(None, "info", {"event": "x", "detail": {"list": [f"got {secret} here"]}})
    assert log.REDACTED in str(event)
    for word in ("PLANTED", "MHcCAQ", "eyJ"):
        assert word not in str(event)


@pytest.mark.parametrize("name", ["api_key", "privateKey", "Authorization", "passphrase", "secret"])
def test_a_secret_is_known_by_its_name(name: str) -> None:
    """Even when the value looks harmless."""
    assert log.redact(None, "info", {name: "harmless"}) == {name: log.REDACTED}


def test_what_is_no_secret_stays() -> None:
    """Numbers and names pass unchanged."""
    event = {"coin": "BTC", "numbers": {"ask": "1.5"}, "count": 3, "none": None}
    assert log.redact(None, "info", dict(event)) == event


def test_an_amount_is_written_without_an_exponent() -> None:
    """Nobody reads 9.7E-9."""
    assert log._text(Decimal("9.70E-9")) == "0.00000000970"
    assert log._text(Path("/run")) == "/run"


def test_lines_are_counted_by_level_as_they_are_written() -> None:
    """A line below the level that is set is not written, and not counted."""
    program = PROGRAM + "print(json.dumps(log.lines()))\n"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import json\n" + program, "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    *_, counts = run.stdout.splitlines()
    assert json.loads(counts) == {"info": 1, "warning": 1, "error": 1}
