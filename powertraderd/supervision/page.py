"""The heartbeat page: 4 KiB of shared memory that a worker writes and the supervisor reads.

It outlives SIGKILL, so a death can be explained. A record is written in one copy and closed by a
CRC32, because an unguarded reader saw torn records in 4.7 % of its reads.

Behind the page lies room for stack dumps: written there they cannot block on a full pipe, and do
not fall into the middle of a log line.
"""

import fcntl
import mmap
import os
import struct
import zlib
from dataclasses import dataclass

PAGE_BYTES = 4096
DUMP_BYTES = 28 * 1024  # with its escapes and fields the log line stays below journald's 48 KiB
VERSION = 1
PHASE_BYTES = 64
DETAIL_BYTES = 256

_MAGIC = b"PTHB"
_READY, _DRAINING, _SAFE_MODE = 1, 2, 4
_BODY = struct.Struct(f"<4sHHQQQQQQQQHH{PHASE_BYTES}s{DETAIL_BYTES}s")
_CRC = struct.Struct("<I")
RECORD_BYTES = _BODY.size + _CRC.size
_ATTEMPTS = 5  # a torn record is whole again a microsecond later


class PageDamaged(ValueError):
    """The heartbeat page holds no valid record."""


@dataclass(frozen=True, slots=True)
class Page:
    """One beat: this incarnation entered ``phase`` and promised to leave it by its deadline.

    Times are machine nanoseconds, 0 where there is none. ``loops`` counts completed cycles,
    ``progress`` of ``total`` is within the phase, ``detail`` names what the phase works on (for
    example a client order id).
    """

    incarnation: int
    ready: bool = False
    draining: bool = False
    safe_mode: bool = False
    loops: int = 0
    cycle_started_ns: int = 0
    cycle_deadline_ns: int = 0
    phase: str = ""
    phase_started_ns: int = 0
    phase_deadline_ns: int = 0
    progress: int = 0
    total: int = 0
    detail: str = ""


def encode(page: Page) -> bytes:
    """A record of RECORD_BYTES; phase and detail are cut to PHASE_BYTES and DETAIL_BYTES of UTF-8.

    Raises struct.error for a number outside 0 to 2**64-1.
    """
    phase = _cut(page.phase, PHASE_BYTES)
    detail = _cut(page.detail, DETAIL_BYTES)
    flags = page.ready * _READY | page.draining * _DRAINING | page.safe_mode * _SAFE_MODE
    body = _BODY.pack(
        _MAGIC,
        VERSION,
        flags,
        page.incarnation,
        page.loops,
        page.cycle_started_ns,
        page.cycle_deadline_ns,
        page.phase_started_ns,
        page.phase_deadline_ns,
        page.progress,
        page.total,
        len(phase),
        len(detail),
        phase,
        detail,
    )
    return body + _CRC.pack(zlib.crc32(body))


def _cut(text: str, limit: int) -> bytes:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return raw
    return raw[:limit].decode("utf-8", "ignore").encode()


def decode(record: bytes) -> Page:
    """The page in the first RECORD_BYTES of ``record``; raises PageDamaged saying what is wrong."""
    if len(record) < RECORD_BYTES:
        msg = f"heartbeat page: {len(record)} bytes, {RECORD_BYTES} needed"
        raise PageDamaged(msg)
    body = record[: _BODY.size]
    if (zlib.crc32(body),) != _CRC.unpack_from(record, _BODY.size):
        raise PageDamaged("heartbeat page: checksum does not match")
    magic, version, flags, incarnation, *numbers, phase_length, detail_length, phase, detail = (
        _BODY.unpack(body)
    )
    if magic != _MAGIC or version != VERSION:
        msg = f"heartbeat page: format {magic!r} version {version}, {_MAGIC!r} {VERSION} needed"
        raise PageDamaged(msg)
    if phase_length > PHASE_BYTES or detail_length > DETAIL_BYTES:
        raise PageDamaged("heartbeat page: text longer than its field")
    loops, cycle_started, cycle_deadline, phase_started, phase_deadline, done, total = numbers
    return Page(
        incarnation=incarnation,
        ready=bool(flags & _READY),
        draining=bool(flags & _DRAINING),
        safe_mode=bool(flags & _SAFE_MODE),
        loops=loops,
        cycle_started_ns=cycle_started,
        cycle_deadline_ns=cycle_deadline,
        phase=_text(phase[:phase_length]),
        phase_started_ns=phase_started,
        phase_deadline_ns=phase_deadline,
        progress=done,
        total=total,
        detail=_text(detail[:detail_length]),
    )


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise PageDamaged("heartbeat page: text is not UTF-8") from None


def create() -> int:
    """A new file descriptor (close-on-exec) of a blank page that nobody can shrink or grow."""
    fd = os.memfd_create("powertraderd-heartbeat", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, PAGE_BYTES + DUMP_BYTES)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return fd


def dumps_behind(fd: int) -> None:
    """Let what is written to ``fd`` land behind the page; what does not fit there is refused."""
    os.lseek(fd, PAGE_BYTES, os.SEEK_SET)


class PageWriter:
    """The worker's side; one process writes."""

    def __init__(self, fd: int) -> None:
        """Map the page of ``fd``; the descriptor may be closed afterwards."""
        self._map = mmap.mmap(fd, PAGE_BYTES)

    def write(self, page: Page) -> None:
        """Publish ``page``."""
        self._map[:RECORD_BYTES] = encode(page)

    def close(self) -> None:
        """Unmap."""
        self._map.close()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader knows: the last good page and how many reads in a row were bad since.

    ``page`` is None before the first good record. ``bad_since_ns`` is the machine time of the
    first of the ``bad_reads``, 0 when there is none.
    """

    page: Page | None = None
    bad_reads: int = 0
    bad_since_ns: int = 0


class PageReader:
    """The reading side: keeps the last good page through torn and damaged records."""

    def __init__(self, fd: int) -> None:
        """Map the page of ``fd`` for reading; the descriptor may be closed afterwards."""
        self._map = mmap.mmap(fd, PAGE_BYTES + DUMP_BYTES, access=mmap.ACCESS_READ)
        self._last = Reading()

    def read(self, now_ns: int) -> Reading:
        """The newest good page; a record torn by the writer is read again before it is bad."""
        for _ in range(_ATTEMPTS):
            try:
                self._last = Reading(decode(self._map[:RECORD_BYTES]))
            except PageDamaged:
                continue
            return self._last
        bad_since = self._last.bad_since_ns if self._last.bad_reads else now_ns
        self._last = Reading(self._last.page, self._last.bad_reads + 1, bad_since)
        return self._last

    def dump(self) -> str:
        """The stacks that were dumped behind the page, empty for none."""
        return self._map[PAGE_BYTES:].partition(b"\0")[0].decode("utf-8", "replace")

    def close(self) -> None:
        """Unmap."""
        self._map.close()
