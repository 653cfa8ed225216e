"""provision.yml: the container is made as described, once, by a host whose certificate is good."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.ops.container.deployed import Site
from tests.ops.container.proxmox_api import TEMPLATE, ProxmoxApi


@pytest.fixture
def authority() -> trustme.CA:
    """The host's own authority."""
    return trustme.CA()


@pytest.fixture
def api(authority: trustme.CA) -> Iterator[ProxmoxApi]:
    """An API that listens."""
    identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(identity)
    stand_in = ProxmoxApi()
    with stand_in.listening(identity):
        yield stand_in


def _variables(api: ProxmoxApi) -> dict[str, object]:
    place = {"api_host": "127.0.0.1", "api_port": api.port, "node": "pve", "storage": "local-lvm"}
    user = {"api_user": "ansible@pve", "api_token_id": "deploy", "api_token_secret": "the-token"}
    return {"powertraderd_proxmox": {**place, **user, "ostemplate": TEMPLATE}}


def test_the_container_is_made_and_started_once(
    fresh: Site, api: ProxmoxApi, authority: trustme.CA, tmp_path: Path
) -> None:
    """Unprivileged, started at boot, with the nesting that systemd's sandbox needs."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    run = fresh.proxmox.play("provision.yml", _variables(api), trusted=tmp_path / "ca.pem")
    assert run.code == 0, run.output
    assert run.changed == 2
    assert list(api.containers) == [114]
    made = api.containers[114]
    expected = {"hostname": "powertrader", "unprivileged": "1", "features": "nesting=1"}
    assert expected.items() <= made.items()
    assert (made["onboot"], made["status"]) == ("1", "running")
    (call,) = re.findall("^CALL (.*)", fresh.proxmox.calls(), re.MULTILINE)[-1:]
    assert call.startswith("exec 114 -- /bin/sh -c ")
    again = fresh.proxmox.play("provision.yml", _variables(api), trusted=tmp_path / "ca.pem")
    assert (again.code, again.changed) == (0, 0), again.output


def test_a_host_with_a_foreign_certificate_is_not_talked_to(
    fresh: Site, api: ProxmoxApi, tmp_path: Path
) -> None:
    """Neither is the token sent."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    run = fresh.proxmox.play("provision.yml", _variables(api), trusted=tmp_path / "other.pem")
    assert run.code == 2
    assert "certificate verify failed" in run.output.lower()
    assert api.calls == []
