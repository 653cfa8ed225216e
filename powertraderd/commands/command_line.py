"""What the verbs of `powertraderd` share: --config, and expected errors as one clear line."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from powertraderd.errors import PowertraderError

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file. Else POWERTRADERD_CONFIG."),
]

_Asked = ParamSpec("_Asked")


def errors_are_explained(verb: Callable[_Asked, None]) -> Callable[_Asked, None]:
    """Say a PowertraderError on standard error and exit with its code; others are bugs."""

    @functools.wraps(verb)
    def explained(*args: _Asked.args, **options: _Asked.kwargs) -> None:
        try:
            verb(*args, **options)
        except PowertraderError as error:
            say(str(error))
            raise SystemExit(error.exit_code) from None

    return explained


def say(words: str) -> None:
    """Words for the person who watches, on standard error."""
    sys.stderr.write(f"powertraderd: {words}\n")
    sys.stderr.flush()
