"""For all tests."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Speed is measured in benchmarks; a loaded machine must not fail a property.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "nightly", parent=settings.get_profile("patient"), print_blob=True, max_examples=1000
)
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Coverage follows into the processes of `pytest -n`, and not into those that tests start.

    What a test starts must import what a user's process imports, and nothing besides.
    """
    if config.getoption("numprocesses", None) is None:
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
