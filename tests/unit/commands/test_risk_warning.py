"""What settings can cost at worst, said before they are in force."""

from pathlib import Path

from powertraderd.commands.risk_warning import risk_lines
from powertraderd.settings import Settings
from powertraderd.strategy import worst_case
from powertraderd.testing.control_server import RecordedDaemon, good, refused


def settings(folder: Path, **sections: dict[str, object]) -> Settings:
    """Settings of a daemon in ``folder``."""
    paths = {"state_dir": str(folder), "runtime_dir": str(folder)}
    return Settings.model_validate({"paths": paths, **sections})


def test_the_worst_case_is_always_said(tmp_path: Path) -> None:
    """Also where no daemon runs to compare with."""
    (line,) = risk_lines(settings(tmp_path))
    assert line == (
        "worst case: if all coins fall to the end of their ladders, these ask for 641.3 % of the "
        "account; the limits let 61.3 % through"
    )


def test_more_risk_than_the_running_daemon_takes_is_warned_of(tmp_path: Path) -> None:
    """Either figure counts; less risk, or a daemon that cannot say, warns of nothing."""
    tight = settings(tmp_path, risk={"max_position_pct": 20})
    running = worst_case.of_settings(tight.rules, tight.trading.coins)
    figures = {"needed": str(running.needed), "placed": str(running.placed)}
    daemon = RecordedDaemon(tmp_path / "control.sock")
    try:
        daemon.replies["risk"] = good({"of_settings": figures})
        assert len(list(risk_lines(tight))) == 1
        tame = settings(tmp_path, dca={"multiplier": "0.5"})
        assert len(list(risk_lines(tame))) == 1
        deeper = settings(tmp_path, dca={"multiplier": "2.5"})
        _, warning = risk_lines(deeper)
        assert warning.startswith("WARNING: more risk than the running daemon takes: the ladders")
        looser = settings(tmp_path)
        _, warning = risk_lines(looser)
        assert warning == (
            "WARNING: more risk than the running daemon takes: the limits let through 61.3 % of "
            "the account, 23.7 % so far"
        )
        one_coin = settings(tmp_path, coins={"BTC": {"dca": {"multiplier": "3"}}})
        assert len(list(risk_lines(one_coin))) == 2
        daemon.replies["risk"] = refused("not_ready")
        assert len(list(risk_lines(deeper))) == 1
    finally:
        daemon.close()
