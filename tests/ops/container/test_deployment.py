"""The owner's way with a container, from nothing to the day it is rebooted; read it top to bottom.

One container lives through all of it, so the order of the tests is the story.
"""

import json
import re
import signal
from pathlib import Path

from tests.ops.container.deployed import FIRST_KEY, KEY_NAME, SECOND_KEY, Site
from tests.ops.container.machine import Machine, until
from tests.ops.container.proxmox import REPOSITORY, Run

_DUMP = """
import sqlite3
ledger = sqlite3.connect("file:/var/lib/powertraderd/ledger.db?mode=ro", uri=True)
for table in ("cash_flow", "orders", "fill", "remainder", "dust"):
    print(table, ledger.execute("select * from " + table + " order by 1").fetchall())
held = "coin, quantity, cost, fees, opened_us, stage, dca_bought_us"  # the trail follows the price
print("position", ledger.execute("select " + held + " from position order by 1").fetchall())
print(ledger.execute("select paid_in, cash, realised from account").fetchall())
"""
_SETTINGS = "/etc/powertraderd/powertraderd.toml"
_RUNBOOK = "https://git.example.org/powertraderd/docs/runbook.md"
_FAST_WATCHDOG = "[Service]\nWatchdogSec=3\nTimeoutAbortSec=3\nRestartSec=1\n"


def test_check_mode_tells_what_would_be_done_and_does_nothing(fresh: Site) -> None:
    """Also where nothing was ever installed."""
    run = fresh.deploy("--check")
    assert run.code == 0, run.output
    assert run.changed > 0
    left = "/opt/powertraderd /etc/powertraderd /etc/systemd/system/powertraderd.service"
    assert fresh.machine.shell(f"ls -d {left}", check=False) == ""
    assert fresh.machine.run("id", "powertraderd", check=False).returncode == 1


def test_one_command_brings_a_daemon_that_trades_on_paper(first_run: Run, site: Site) -> None:
    """READY, started at boot, and with fills in its books within a minute or so."""
    assert first_run.changed > 0
    assert site.machine.property("ActiveState") == "active"
    assert site.machine.property("UnitFileState") == "enabled"
    status = site.ptctl("status")
    assert status["trading"]["mode"] == "paper"
    assert status["supervisor"]["state"] == "running"
    until(lambda: len(site.trades()) > 2, "some trades")
    settings = site.machine.shell("powertraderd check-config --json --config " + _SETTINGS)
    keys = {f"{each['section']}.{each['key']}": each["value"] for each in json.loads(settings)}
    assert (keys["trading.coins"], keys["coins.BTC.dca.max_per_24h"]) == ('["BTC", "ETH"]', "3")
    assert "4 of 4 workers running" in site.machine.property("StatusText")


def test_the_same_command_again_changes_nothing(site: Site) -> None:
    """Nothing is reported as changed, and the daemon is the same process."""
    pid = site.machine.property("MainPID")
    run = site.deploy()
    assert (run.code, run.changed, run.failed) == (0, 0, 0), run.output
    assert site.machine.property("MainPID") == pid


def test_one_command_lets_prometheus_watch_it(site: Site) -> None:
    """The daemon is scraped, the rules are loaded; the same command again changes nothing.

    There is no Grafana to be had here: a unit of its name shows that the files are put where the
    packaged one looks, and that it is restarted.
    """
    grafana = "[Service]\nExecStart=/usr/bin/sleep infinity\n"
    site.machine.run("mkdir", "-p", "/etc/grafana/provisioning")
    site.machine.run("tee", "/etc/systemd/system/grafana-server.service", text_in=grafana)
    alone = "echo 'ARGS=\"--cluster.listen-address=\"' >> /etc/default/prometheus-alertmanager"
    site.machine.shell(f"{alone} && systemctl restart prometheus-alertmanager")
    runbook, folder = "https://wiki.test/runbook", "/var/lib/grafana/dashboards/powertraderd"
    run = site.proxmox.play("monitoring.yml", {"powertraderd_runbook": runbook})
    assert run.code == 0, run.output
    until(lambda: '"1"' in _asked(site, "query?query=up{job='powertraderd'}"), "a first scrape")
    rules = json.loads(_asked(site, "rules"))["data"]["groups"]
    assert "DaemonDown" in {rule["name"] for group in rules for rule in group["rules"]}
    boards = site.machine.shell(f"ls {folder}").split()
    assert "overview.json" in boards
    deployed = site.machine.run("cat", f"{folder}/overview.json").stdout
    source = (REPOSITORY / "ops/grafana/dashboards/overview.json").read_text(encoding="utf-8")
    assert json.loads(deployed) == json.loads(source.replace(_RUNBOOK, runbook))
    assert runbook in deployed
    assert site.machine.property("ActiveState", "grafana-server.service") == "active"
    again = site.proxmox.play("monitoring.yml", {"powertraderd_runbook": runbook})
    assert (again.code, again.changed) == (0, 0), again.output
    site.machine.shell("systemctl stop prometheus prometheus-alertmanager")


def _asked(site: Site, what: str) -> str:
    """What Prometheus answers."""
    code = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
    url = f"http://127.0.0.1:9090/api/v1/{what}".replace("{", "%7B").replace("}", "%7D")
    return site.machine.run("python3", "-c", code, url, check=False).stdout


def test_no_other_container_is_touched(site: Site) -> None:
    """Every call of pct went to 114."""
    calls = re.findall(r"^CALL (.*)$", site.proxmox.calls(), re.MULTILINE)
    assert len(calls) > 100
    assert {" ".join(call.split()[:3]) for call in calls} == {"exec 114 --"}


def test_the_unit_is_hardened_and_runs_so(site: Site) -> None:
    """No complaint from systemd; the kernel says that the limits are in force."""
    verified = site.machine.run(
        "systemd-analyze", "verify", "powertraderd.service", "powertraderd-backup.service"
    )
    assert (verified.stdout, verified.stderr) == ("", "")
    security = ("systemd-analyze", "security", "--threshold=11", "--no-pager")
    assert "Overall exposure" in site.machine.run(*security, "powertraderd.service").stdout
    status = site.machine.shell(f"cat /proc/{site.machine.property('MainPID')}/status")
    found = dict(re.findall(r"^(NoNewPrivs|Seccomp|CapBnd):\s+(\w+)$", status, re.MULTILINE))
    assert found == {"NoNewPrivs": "1", "Seccomp": "2", "CapBnd": "0" * 16}


def test_root_may_do_everything_an_admin_may_trade_and_a_stranger_nothing(site: Site) -> None:
    """By the kernel's word on who asks; each refusal says what to do."""
    run = site.machine.run
    assert site.ptctl("restart", "thinker")["ok"] is True
    site.wait_ready()
    alice = ("runuser", "-u", "alice", "--", "ptctl")
    assert run(*alice, "status").returncode == 0
    assert run(*alice, "pause", "--reason", "lunch").returncode == 0
    assert run(*alice, "resume").returncode == 0
    refused = run(*alice, "restart", "thinker", check=False)
    assert (refused.returncode, "root" in refused.stderr) == (1, True)
    mallory = run("runuser", "-u", "mallory", "--", "ptctl", "status", check=False)
    assert (mallory.returncode, "admin group" in mallory.stderr) == (3, True)


def test_the_journal_holds_json_that_can_be_asked(site: Site) -> None:
    """Each line with the daemon's fields and systemd's; the runbook's own commands work."""
    lines = [
        json.loads(line)
        for line in site.machine.shell("journalctl -u powertraderd -o json").splitlines()
    ]
    ours = [line for line in lines if line.get("_EXE", "").startswith("/usr/bin/python")]
    assert len(ours) > 20
    for line in ours:
        assert line["SYSLOG_IDENTIFIER"] == "powertraderd"
        assert line["_SYSTEMD_UNIT"] == "powertraderd.service"
        assert json.loads(line["MESSAGE"]).keys() >= {"ts", "level", "event", "worker"}
    runbook = (REPOSITORY / "docs/runbook.md").read_text("utf-8")
    commands = re.findall(r"^journalctl .*\| jq .*$", runbook, re.MULTILINE)
    assert len(commands) > 2
    for command in commands:
        site.machine.run("bash", "-o", "pipefail", "-c", command)


def test_no_line_is_lost_when_the_log_is_rotated(site: Site) -> None:
    """Every line of the journal is in one of the files, across eight rotations under load."""
    site.machine.shell(
        "for n in 1 2 3 4 5 6 7 8; do"
        "  for m in 1 2 3 4 5; do ptctl pause --reason rotating-$n-$m; ptctl resume; done;"
        "  logrotate --force /etc/logrotate.d/powertraderd; done"
    )
    site.machine.run("journalctl", "--sync")
    journal = site.machine.shell("journalctl -u powertraderd -o cat | grep '^{' | sort -u")
    files = site.machine.shell(
        "cd /var/log/powertraderd && { cat powertraderd.log powertraderd.log.1; "
        "zcat powertraderd.log.*.gz; } | sort -u"
    )
    expected = {line for line in journal.splitlines() if '"level"' in line}
    assert len([line for line in expected if "rotating-" in line]) >= 80
    assert expected - set(files.splitlines()) == set()
    mode = site.machine.shell("stat -c '%a %U %G' /var/log/powertraderd/powertraderd.log")
    assert mode == "640 powertraderd powertraderd-admin\n"


def _workers(machine: Machine) -> dict[str, int]:
    """Pids of the daemon's processes by name."""
    parent = machine.property("MainPID")
    listed = machine.shell(f"ps --ppid {parent} -o pid=,args=")
    found = re.findall(r"(\d+) .*powertraderd\.workers (\w+)", listed)
    return {name: int(pid) for pid, name in found} | {"supervisor": int(parent)}


def test_the_key_is_sealed_at_rest_and_only_the_trader_is_told_of_it(site: Site) -> None:
    """Not in a file, environment, command line, journal or call; the trader can read it."""
    machine = site.machine
    places = "/etc /opt /var /root /tmp /run/systemd /usr/local"
    assert machine.shell(f"grep -rlF {FIRST_KEY} {places}", check=False) == ""
    machine.run("journalctl", "--sync")
    assert machine.shell(f"journalctl | grep -cF {FIRST_KEY}", check=False).strip() == "0"
    assert FIRST_KEY not in site.proxmox.calls()
    sealed = f"/etc/powertraderd/credentials/{KEY_NAME}"
    unsealed = machine.run("systemd-creds", "decrypt", f"--name={KEY_NAME}", sealed, "-")
    assert unsealed.stdout == FIRST_KEY
    told = []
    for name, pid in _workers(machine).items():
        seen = machine.shell(f"cat /proc/{pid}/environ /proc/{pid}/cmdline | tr '\\0' '\\n'")
        assert FIRST_KEY not in seen
        if "CREDENTIALS_DIRECTORY" in seen:
            told.append(name)
    assert sorted(told) == ["supervisor", "trader"]
    path = f"/run/credentials/powertraderd.service/{KEY_NAME}"
    trader = ("nsenter", "-t", str(_workers(machine)["trader"]), "-m", "--")
    as_daemon = ("setpriv", "--reuid=powertraderd", "--regid=powertraderd-admin", "--clear-groups")
    assert machine.run(*trader, *as_daemon, "cat", path).stdout == FIRST_KEY
    assert machine.run("runuser", "-u", "alice", "--", "cat", path, check=False).returncode == 1


def test_a_supervisor_that_hangs_is_killed_and_replaced(site: Site) -> None:
    """By systemd's watchdog, shortened here; the workers die with it and nothing is lost."""
    machine = site.machine
    drop_in = "/run/systemd/system/powertraderd.service.d"
    machine.run("mkdir", "-p", drop_in)
    machine.run("tee", f"{drop_in}/fast.conf", text_in=_FAST_WATCHDOG)
    machine.shell("systemctl daemon-reload && systemctl restart powertraderd")
    site.wait_ready()
    before = _workers(machine)
    trades = len(site.trades())
    machine.run("kill", f"-{signal.SIGSTOP.value}", str(before["supervisor"]))
    until(lambda: machine.property("NRestarts") == "1", "systemd to restart the daemon")
    site.wait_ready()
    assert not set(before.values()) & set(_workers(machine).values())
    assert "Watchdog timeout" in machine.shell("journalctl -u powertraderd")
    assert len(site.trades()) >= trades
    machine.run("rm", "-r", drop_in)
    machine.shell("systemctl daemon-reload && systemctl restart powertraderd")
    site.wait_ready()


def test_an_upgrade_backs_up_first_and_trades_on(site: Site, bundles: dict[str, Path]) -> None:
    """Another release and another key in one run; the release before it stays at hand."""
    old, trades = site.release(), len(site.trades())
    site.variables["powertraderd_bundle"] = str(bundles["second"])
    site.variables["powertraderd_credentials"] = {KEY_NAME: SECOND_KEY}
    run = site.deploy()
    assert run.code == 0, run.output
    assert site.release().startswith("0.90.0-")
    assert site.ptctl("status")["supervisor"]["version"] == "0.90.0"
    assert site.release() in site.machine.shell(
        "tr '\\0' ' ' < /proc/$(cat /var/lib/powertraderd/supervisor.lock)/cmdline"
    )
    previous = site.machine.shell("basename $(readlink /opt/powertraderd/previous)").strip()
    assert previous == old
    assert site.machine.shell("ls /var/lib/powertraderd/backups | wc -l").strip() == "1"
    assert _resting_key(site) == SECOND_KEY
    assert len(site.trades()) >= trades
    until(lambda: len(site.trades()) > trades, "trades after the upgrade")


def _resting_key(site: Site) -> str:
    sealed = f"/etc/powertraderd/credentials/{KEY_NAME}"
    return site.machine.run("systemd-creds", "decrypt", f"--name={KEY_NAME}", sealed, "-").stdout


def test_a_release_that_does_not_work_is_taken_back(site: Site, bundles: dict[str, Path]) -> None:
    """Together with the settings and the key that came with it; the run says why it failed."""
    good = site.release()
    settings = site.machine.shell(f"cat {_SETTINGS}")
    others = {**site.variables["powertraderd_settings"], "paper": {"starting_cash": 4321}}
    run = site.deploy(
        powertraderd_bundle=str(bundles["broken"]),
        powertraderd_settings=others,
        powertraderd_credentials={KEY_NAME: FIRST_KEY},
    )
    assert (run.code, run.failed) == (2, 1), run.output
    assert "broken on purpose" in run.output
    assert "are back and healthy" in run.output
    assert site.release() == good
    assert site.ready()
    assert site.machine.shell(f"cat {_SETTINGS}") == settings
    assert _resting_key(site) == SECOND_KEY
    assert site.ptctl("status")["supervisor"]["version"] == "0.90.0"


def test_settings_that_are_wrong_stop_the_run_before_anything_changes(site: Site) -> None:
    """The daemon is not even restarted; the message names the key and the nearest known one."""
    pid = site.machine.property("MainPID")
    run = site.deploy(powertraderd_settings={"trading": {"coin": ["BTC"]}})
    assert run.code == 2
    assert "did you mean coins?" in run.output
    assert "What runs was not touched" in run.output
    assert site.machine.property("MainPID") == pid


def test_one_command_goes_back_to_the_release_before(site: Site) -> None:
    """And the same command again comes forward."""
    for version in ("0.1.", "0.90.0-"):
        run = site.proxmox.play("rollback.yml", {})
        assert run.code == 0, run.output
        assert site.release().startswith(version)
        assert site.ready()


def test_a_restored_ledger_is_the_one_that_was_backed_up(site: Site, tmp_path: Path) -> None:
    """Every table of it; trading is halted until the owner has compared."""
    site.ptctl("halt", "--reason", "to compare")
    wanted = _books(site.machine)
    saved = {"powertraderd_fetched_dir": str(tmp_path)}
    run = site.proxmox.play("backup.yml", saved)
    assert run.code == 0, run.output
    (archive,) = tmp_path.glob("powertraderd-*.tar.gz")
    site.ptctl("resume")
    until(lambda: _books(site.machine) != wanted, "trades after the backup")
    run = site.proxmox.play("restore.yml", {"powertraderd_archive": str(archive)})
    assert run.code == 0, run.output
    assert _books(site.machine) == wanted
    trading = site.ptctl("status")["trading"]
    assert trading["halted"] is True
    assert archive.name in trading["reason"]
    site.ptctl("resume")
    until(lambda: _books(site.machine) != wanted, "trades after the restore")


def _books(machine: Machine) -> str:
    """The tables that hold money, as SQL; the account's count of writes is no money."""
    return machine.run("runuser", "-u", "powertraderd", "--", "python3", "-c", _DUMP).stdout


def test_a_pause_outlives_a_reboot(site: Site) -> None:
    """The daemon comes up by itself, with its trades, and does not enter."""
    site.ptctl("pause", "--reason", "on holiday")
    trades = len(site.trades())
    site.machine.power_off()
    site.machine.boot()
    site.wait_ready()
    trading = site.ptctl("status")["trading"]
    assert (trading["paused"], trading["reason"]) == (True, "on holiday")
    assert len(site.trades()) >= trades
    before = site.machine.shell("journalctl --boot=-1 --unit=powertraderd --output=cat")
    assert '"event": "supervisor_stopped"' in before
