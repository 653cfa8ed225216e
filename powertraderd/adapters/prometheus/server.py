"""HTTP for Prometheus: one thread of its own, one scrape at a time, nobody is waited for."""

import threading
from collections.abc import Callable
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.registry import Collector

from powertraderd.errors import ConfigError

PATIENCE_S = 1.0
"""A client that does not say what it wants within this is hung up on."""


class _Handler(WSGIRequestHandler):
    """Says nothing on standard error."""

    timeout = PATIENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Scrapes are no news."""


class _Server(WSGIServer):
    """Says nothing about clients that hang up either."""

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        super(WSGIServer, self).server_bind()
        host, port = self.server_address[:2]
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no error of ours."""


class MetricsServer:
    """Serves what a collector collects, on any path."""

    def __init__(self, make_collector: Callable[[], Collector]) -> None:
        """``make_collector`` is called in the serving thread, which then owns what it opens."""
        self._make_collector = make_collector
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, listen: str) -> str:
        """Listen on host:port (port 0 picks one); returns the address.

        Raises ConfigError when the address cannot be used.
        """
        host, _, port = listen.rpartition(":")
        try:
            self._server = _Server((host, int(port)), _Handler)
        except OSError as error:
            msg = f"[exporter] listen = {listen}: {error.strerror}; name another host:port"
            raise ConfigError(msg) from None
        self._thread = threading.Thread(target=self._serve, args=(self._server,), daemon=True)
        self._thread.start()
        return f"{host}:{self._server.server_port}"

    def _serve(self, server: _Server) -> None:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._make_collector())
        server.set_app(make_wsgi_app(registry))
        server.serve_forever()

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(PATIENCE_S)
            self._server.server_close()
