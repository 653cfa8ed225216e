"""structlog: redaction first, then JSON lines for machines or colours for people.

Every line has ts, level, event, worker and incarnation. Lines go to standard output, which is
journald under systemd; ``[logging] file`` adds a copy that survives logrotate's renaming.
"""

import logging
import logging.handlers
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from powertraderd.errors import ConfigError

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"secret|password|passphrase|private|api_?key|authorization|jwt", re.IGNORECASE
)
_SECRET_VALUES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|Bearer\s+[\w.~+/=-]+"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]+",
    re.DOTALL,
)
_LOGINS = re.compile(r"(://)[^/\s:@\"]+:[^/\s@\"]+@")
_KEY_NAMES = re.compile(r"organizations/[\w-]+/apiKeys/[\w-]+")

Format = Literal["json", "console"]
_LINES: Counter[str] = Counter()


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace secrets by name of the field and by shape of the value, at any depth."""
    return cast("EventDict", {key: _clean(key, value) for key, value in event.items()})


def _clean(key: str, value: object) -> object:
    if _SECRET_NAMES.search(key):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_VALUES.sub(REDACTED, value)
    if isinstance(value, dict):
        return {inner: _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    return value


def _count(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A process that logs in a storm shall be seen even where nobody reads its lines."""
    _LINES[event["level"]] += 1
    return event


def lines() -> Mapping[str, int]:
    """Log lines that this process has written, by level."""
    return dict(_LINES)


def without_secrets(text: str) -> str:
    """Text that may be shown to others, without keys, their names, tokens and passwords in URLs."""
    shown = _KEY_NAMES.sub(REDACTED, _SECRET_VALUES.sub(REDACTED, text))
    return _LOGINS.sub(rf"\1{REDACTED}@", shown)


def _redact_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A rendered traceback may quote a secret too."""
    if isinstance(event.get("exception"), str):
        event["exception"] = _SECRET_VALUES.sub(REDACTED, event["exception"])
    return event


def _chain(worker: str, incarnation: int) -> list[Processor]:
    def identify(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("worker", worker)
        event.setdefault("incarnation", incarnation)
        return event

    return [
        redact,
        identify,
        structlog.stdlib.add_log_level,
        _count,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redact_text,
    ]


def _text(value: object) -> str:
    """What JSON has no word for; an amount without an exponent."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _formatter(form: Format, chain: list[Processor]) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=_text)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), timestamp_key="ts")
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def configure(
    *,
    worker: str,
    incarnation: int,
    level: str,
    form: Format,
    file: Path | None = None,
) -> None:
    """Set up logging for this process; standard library loggers go the same way.

    Raises ConfigError when ``file`` cannot be written.
    """
    chain = _chain(worker, incarnation)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    handlers[0].setFormatter(_formatter(form, chain))
    if file is not None:
        watched = _open(file)
        watched.setFormatter(_formatter("json", chain))
        handlers.append(watched)
    logging.basicConfig(level=level.upper(), handlers=handlers, force=True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *chain,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _open(file: Path) -> logging.Handler:
    try:
        return logging.handlers.WatchedFileHandler(file, encoding="utf-8")
    except OSError as error:
        msg = f"[logging] file = {file}: cannot be written ({error.strerror}); name another file"
        raise ConfigError(msg) from None


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; ``name`` is the module's."""
    factory = cast("Callable[[str], structlog.stdlib.BoundLogger]", structlog.stdlib.get_logger)
    return factory(name)
