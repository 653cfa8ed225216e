"""A requests session that obeys nobody but us (EXCHANGE.md, Session hygiene).

No environment, no redirects, explicit certificates, no cookies, and a body that is read whole here:
within a size and until a moment. The headers cannot be bounded in this process; a server that drips
them is ended by the heartbeat's deadline.
"""

import io
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes after decompression; the largest honest answer (250 orders) is well under one tenth."""
_CHUNK = 16 * 1024

_TOO_LARGE = f"the answer is larger than {LARGEST_BODY} bytes"

Timeouts = tuple[float, float]
"""Machine seconds: to connect, and then until the answer is complete."""


class BodyRefused(requests.ConnectionError):
    """The answer's body is too large or comes too slowly; it was not read to its end."""


class _WholeAnswers(HTTPAdapter):
    """Hands out answers whose bodies have been read already, or raises."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - requests' own signature
        timeout: Any = None,  # noqa: ANN401 - requests allows much more than we do
        verify: bool | str = True,  # noqa: FBT001, FBT002 - requests' own signature
        cert: Any = None,  # noqa: ANN401 - never used
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        match timeout:
            case (float() | int() as connect_s, float() | int() as answer_s):
                pass
            case _:
                raise ValueError("a request without both timeouts could hang for ever")
        response = super().send(request, True, (connect_s, answer_s), verify, cert, proxies)  # noqa: FBT003
        deadline_s = time.monotonic() + answer_s
        try:
            body = _plain(_body(response.raw, deadline_s), response.headers)
        except urllib3.exceptions.HTTPError as error:
            response.close()
            raise requests.ConnectionError(str(error)[:300], request=request) from None
        except BodyRefused:
            response.close()
            raise
        response.raw = io.BytesIO(body)
        return response


def _body(raw: urllib3.HTTPResponse, deadline_s: float) -> bytes:
    """The body as sent; each wait for the next piece is as long as what is left of the time."""
    pieces: list[bytes] = []
    size = 0
    while True:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise BodyRefused("the answer did not come to its end in time")
        sock = getattr(raw.connection, "sock", None)
        if sock is not None:
            sock.settimeout(left_s)
        piece = raw.read1(_CHUNK, decode_content=False)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > LARGEST_BODY:
            raise BodyRefused(_TOO_LARGE)
        pieces.append(piece)


def _plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    """Nobody asked for compression; a gateway that sends gzip all the same is understood."""
    encoding = headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        msg = f"the answer is compressed as {encoding[:30]!r}, which was not asked for"
        raise BodyRefused(msg)
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(body, LARGEST_BODY)
    except zlib.error:
        raise BodyRefused("the answer says that it is gzip and is not") from None
    if inflate.unconsumed_tail:
        raise BodyRefused(_TOO_LARGE)
    if not inflate.eof:
        raise BodyRefused("the answer's gzip ends too early")
    return plain


def make_session(ca_file: Path | None = None) -> requests.Session:
    """A session for one process, made after it started; ``ca_file`` replaces the public CAs."""
    session = requests.Session()
    session.trust_env = False  # ~/.netrc replaces the token, proxies and CA bundles sneak in
    session.verify = str(ca_file) if ca_file else True
    session.headers["Accept-Encoding"] = "identity"
    session.max_redirects = 0  # a 307 sends an order again, a 302 makes a GET of it
    session.mount("https://", _WholeAnswers())
    session.mount("http://", _WholeAnswers())
    return session
