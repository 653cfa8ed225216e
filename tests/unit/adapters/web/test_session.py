"""The session against a real server on loopback that says exactly what a test wants."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from powertraderd.adapters.web import session
from powertraderd.adapters.web.session import LARGEST_BODY, BodyRefused, make_session

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Speak = Callable[[socket.socket], None]


class Server:
    """Answers each request on a connection as ``speak`` does; keeps what it was asked."""

    def __init__(self, speak: Speak) -> None:
        """Listen on a free port."""
        self._speak = speak
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := connection.recv(65536):
                    self.asked.append(request)
                    self._speak(connection)
            except OSError:
                return

    def close(self) -> None:
        """Stop listening."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Speak], Server]]:
    """Servers that end with the test."""
    servers: list[Server] = []

    def start(speak: Speak) -> Server:
        servers.append(Server(speak))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def saying(*pieces: bytes) -> Speak:
    """A server that says these bytes."""
    return lambda connection: connection.sendall(b"".join(pieces))


def dripping(first: bytes, drip: bytes) -> Speak:
    """A server that goes on with one piece after another for ever, faster than any timeout."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(drip)
            time.sleep(0.05)

    return speak


def with_length(body: bytes, *headers: bytes) -> bytes:
    """A complete answer."""
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(server: Server, seconds: float = 5.0) -> requests.Response:
    """Ask with a session of ours."""
    with make_session() as ours:
        return ours.get(server.url, timeout=(2, seconds))


def test_an_answer_is_read_whole(serve: Callable[[Speak], Server]) -> None:
    """Status, headers and body are there."""
    response = get(serve(saying(with_length(b'{"a": 1}'))))
    assert response.status_code == 200
    assert response.json() == {"a": 1}


def test_a_chunked_answer_is_read_whole(serve: Callable[[Speak], Server]) -> None:
    """Chunks are joined."""
    chunks = b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n4\r\n: 1}\r\n0\r\n\r\n'
    assert get(serve(saying(HEAD + chunks))).json() == {"a": 1}


def test_a_connection_is_used_again(serve: Callable[[Speak], Server]) -> None:
    """Three requests, one connection."""
    server = serve(saying(with_length(b"{}")))
    with make_session() as ours:
        for _ in range(3):
            assert ours.get(server.url, timeout=(2, 5)).json() == {}
    assert (server.connections, len(server.asked)) == (1, 3)


@pytest.mark.parametrize(
    ("first", "drip"),
    [
        (HEAD + b"Content-Length: 1000000\r\n\r\n{", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Connection: close\r\n\r\n{", b" "),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n", b"\x1f"),
    ],
    ids=["length", "chunks", "until close", "gzip"],
)
def test_a_dripping_body_ends_at_its_time(
    serve: Callable[[Speak], Server], first: bytes, drip: bytes
) -> None:
    """However often a byte comes, the answer has one deadline in all."""
    with pytest.raises((BodyRefused, requests.ConnectionError)):
        get(serve(dripping(first, drip)), seconds=0.5)


class SlowAnswer:
    """Stands for a urllib3 response: pieces that each take a while; notes the socket's timeouts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Time goes by in read1 only."""
        self.now_s = 100.0
        self.timeouts: list[float] = []
        self.connection = self
        self.sock = self
        monkeypatch.setattr("time.monotonic", lambda: self.now_s)

    def settimeout(self, seconds: float) -> None:
        """As of a socket."""
        self.timeouts.append(seconds)

    def read1(self, _amount: int, *, decode_content: bool) -> bytes:
        """One byte after 0.4 s."""
        assert not decode_content
        self.now_s += 0.4
        return b"x"


def test_each_wait_for_a_piece_is_no_longer_than_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or the last piece could take the whole time once more."""
    answer = SlowAnswer(monkeypatch)
    with pytest.raises(BodyRefused, match="in time"):
        session._body(answer, 101.0)  # type: ignore[arg-type] # what it needs of a response
    assert answer.timeouts == pytest.approx([1.0, 0.6, 0.2])


def test_an_endless_body_is_not_kept(serve: Callable[[Speak], Server]) -> None:
    """What is larger than any honest answer is refused while it comes."""
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"

    def speak(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(piece)

    with pytest.raises(BodyRefused, match=f"larger than {LARGEST_BODY}"):
        get(serve(speak), seconds=30)


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 300 * 1024 * 1024])
def test_a_gzip_bomb_does_not_go_off(serve: Callable[[Speak], Server], size: int) -> None:
    """A small body that would become a large one is refused before it does."""
    bomb = gzip.compress(b"\0" * size, compresslevel=1)
    with pytest.raises(BodyRefused, match="larger than"):
        get(serve(saying(with_length(bomb, b"Content-Encoding: gzip"))), seconds=30)


def test_gzip_that_nobody_asked_for_is_understood(serve: Callable[[Speak], Server]) -> None:
    """We ask for plain text, and a gateway may compress all the same."""
    server = serve(saying(with_length(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip")))
    assert get(server).json() == {"a": 1}
    assert b"Accept-Encoding: identity" in server.asked[0]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", b"gzip"), (gzip.compress(b'{"a": 1}', mtime=0)[:-9], b"gzip"), (b"x", b"br")],
)
def test_broken_compression_is_refused(
    serve: Callable[[Speak], Server], body: bytes, encoding: bytes
) -> None:
    """No half answer comes out of it."""
    with pytest.raises(BodyRefused):
        get(serve(saying(with_length(body, b"Content-Encoding: " + encoding))))


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 10\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["short", "mid-chunk", "no chunk size", "nothing", "nonsense"],
)
def test_half_an_answer_is_none(serve: Callable[[Speak], Server], answer: bytes) -> None:
    """A connection that closes too early is an error and not a short answer."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with pytest.raises(requests.ConnectionError):
        get(serve(speak))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(serve: Callable[[Speak], Server], status: int) -> None:
    """A 307 would send an order again."""
    other = serve(saying(with_length(b"{}")))
    lines = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
    server = serve(saying(lines.encode()))
    with make_session() as ours, pytest.raises(requests.TooManyRedirects):
        ours.post(server.url, json={}, timeout=(2, 5))
    assert other.asked == []
    assert b"".join(server.asked).count(b"POST / HTTP/1.1") == 1


def test_the_environment_has_no_say(
    serve: Callable[[Speak], Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No netrc, no proxy, no foreign certificates."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    server = serve(saying(with_length(b"{}")))
    assert get(server).json() == {}
    assert b"Authorization" not in server.asked[0]
    with make_session(tmp_path / "ca.pem") as ours:
        settings = ours.merge_environment_settings("https://x", {}, None, None, None)
    assert settings["verify"] == str(tmp_path / "ca.pem")


def test_a_request_without_timeouts_is_a_bug(serve: Callable[[Speak], Server]) -> None:
    """It could hang for ever, so it is not sent."""
    server = serve(saying(with_length(b"{}")))
    with make_session() as ours, pytest.raises(ValueError, match="hang for ever"):
        ours.get(server.url)
    assert server.asked == []
