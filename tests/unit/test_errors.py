"""Exceptions: what the catcher must do is in the class."""

import pytest

from powertraderd import errors
from powertraderd.errors import ExitCode


def test_the_first_line_of_the_docstring_is_the_message() -> None:
    """Nobody writes the same sentence twice."""
    assert str(errors.AmbiguousOrder()).startswith("The outcome of a placement is unknown")
    assert str(errors.ConfigError("a.toml: wrong")) == "a.toml: wrong"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigError(), ExitCode.CONFIG),
        (errors.CredentialsRejected(), ExitCode.CREDENTIALS),
        (errors.RateLimited(retry_after_s=2.0), ExitCode.TEMPORARY),
        (errors.InvariantBroken(), ExitCode.INTERNAL),
        (errors.StoreTooNew(), ExitCode.INTERNAL),
    ],
)
def test_the_exit_code_tells_the_supervisor_what_to_do(
    error: errors.PowertraderError, code: ExitCode
) -> None:
    """78 and 77 park, 75 is tried again, 70 backs off."""
    assert error.exit_code is code
