"""The page of all log events."""

from pathlib import Path

from powertraderd.commands import event_reference
from powertraderd.commands.event_reference import Event

PAGE = Path(__file__).parents[3] / "docs" / "log-events.md"


def test_the_page_of_log_events_is_current() -> None:
    """`make generate` writes it."""
    assert PAGE.read_text(encoding="utf-8") == event_reference.text()


def test_every_way_of_logging_in_the_code_is_found(tmp_path: Path) -> None:
    """Literal names, one of two, computed parts, the supervisor's values; nothing else."""
    package = tmp_path / "package"
    (package / "testing").mkdir(parents=True)
    (package / "shop.py").write_text(
        'self._log.info("opened", coin=1)\n'
        'context.log.warning("shut" if late else "paused", reason=2, **more)\n'
        'log.error("door_" + state)\n'
        'log.log(logging.ERROR, "failed", error=3, exc_info=True)\n'
        'Log("info" if kind else "error", "died", (("reason", 1), more))\n'
        'outcome.exception("no event")\n'
    )
    (package / "testing" / "rig.py").write_text('log.info("not_the_daemon")\n')
    assert event_reference.events(package) == [
        Event("died", "error", ("of", "reason", "..."), "shop"),
        Event("died", "info", ("of", "reason", "..."), "shop"),
        Event("door_*", "error", (), "shop"),
        Event("failed", "error", ("error",), "shop"),
        Event("opened", "info", ("coin",), "shop"),
        Event("paused", "warning", ("reason", "..."), "shop"),
        Event("shut", "warning", ("reason", "..."), "shop"),
    ]
