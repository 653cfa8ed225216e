"""A stand-in for the Proxmox API: the few calls that provision.yml makes, over TLS on loopback."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

TOKEN = "PVEAPIToken=ansible@pve!deploy=the-token"  # noqa: S105 - of the stand-in
TEMPLATE = "local:vztmpl/debian-12.tar.zst"
_DONE = {"status": "stopped", "exitstatus": "OK"}


class ProxmoxApi:
    """What the host knows: containers by number, each with what it was made of."""

    def __init__(self) -> None:
        """No container yet."""
        self.containers: dict[int, dict[str, str]] = {}
        self.calls: list[str] = []
        self.port = 0

    def answer(  # noqa: PLR0911 - one for each call
        self, method: str, path: str, values: dict[str, str]
    ) -> object:
        """The data of one answer; KeyError for a call that it does not know."""
        self.calls.append(f"{method} {path}")
        match method, path.split("/"):
            case "GET", ["version"]:
                return {"version": "8.2.4"}
            case "GET", ["cluster", "resources"]:
                return [self._row(number) for number in self.containers]
            case "GET", ["nodes", "pve", "storage", "local", "content"]:
                return [{"volid": TEMPLATE}]
            case "POST", ["nodes", "pve", "lxc"]:
                self.containers[int(values["vmid"])] = {**values, "status": "stopped"}
                return "UPID:create"
            case "POST", ["nodes", "pve", "lxc", number, "status", "start"]:
                self.containers[int(number)]["status"] = "running"
                return "UPID:start"
            case "GET", ["nodes", "pve", "lxc", number, "status", "current"]:
                return self._row(int(number))
            case "GET", ["nodes", "pve", "tasks", _, "status"]:
                return _DONE
        raise KeyError(path)

    def _row(self, number: int) -> dict[str, object]:
        container = self.containers[number]
        status, name = container["status"], container["hostname"]
        place = {"vmid": number, "id": f"lxc/{number}", "type": "lxc", "node": "pve"}
        return {**place, "name": name, "status": status}

    @contextmanager
    def listening(self, identity: ssl.SSLContext) -> Iterator[None]:
        """Serve on a free port of 127.0.0.1 with ``identity`` until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.socket = identity.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _handler(api: ProxmoxApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Read."""
            self._serve("GET")

        def do_POST(self) -> None:
            """Change."""
            self._serve("POST")

        def _serve(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            path = self.path.partition("?")[0].removeprefix("/api2/json/")
            if self.headers["Authorization"] != TOKEN:
                self._reply(401, None)
                return
            try:
                self._reply(200, api.answer(method, path, dict(parse_qsl(body))))
            except KeyError:
                self._reply(501, None)

        def _reply(self, code: int, data: Any) -> None:  # noqa: ANN401 - JSON
            text = json.dumps({"data": data}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing: the calls are kept."""

    return Handler
