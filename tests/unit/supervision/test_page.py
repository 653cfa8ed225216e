"""The heartbeat page: codec, sealing, writer and reader on a real memfd."""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from powertraderd.supervision.page import (
    PAGE_BYTES,
    RECORD_BYTES,
    Page,
    PageDamaged,
    PageReader,
    PageWriter,
    Reading,
    create,
    decode,
    dumps_behind,
    encode,
)

PAGE = Page(
    incarnation=3,
    ready=True,
    draining=False,
    safe_mode=True,
    loops=41,
    cycle_started_ns=1_000,
    cycle_deadline_ns=9_000,
    phase="coinbase.list_orders",
    phase_started_ns=2_000,
    phase_deadline_ns=3_000,
    progress=1,
    total=5,
    detail="client order 0b5e",
)


@pytest.fixture
def fd() -> Iterator[int]:
    """A fresh page."""
    number = create()
    yield number
    os.close(number)


def _forged(**changes: bytes | int) -> bytes:
    """A record with a valid checksum over a changed body."""
    body = bytearray(encode(PAGE)[:-4])
    for place, value in changes.items():
        offset = {"magic": 0, "version": 4, "phase_length": 72, "text": 76}[place]
        raw = value if isinstance(value, bytes) else struct.pack("<H", value)
        body[offset : offset + len(raw)] = raw
    return bytes(body) + struct.pack("<I", zlib.crc32(body))


def test_a_record_says_what_was_written() -> None:
    """Every field survives the way through the page."""
    assert decode(encode(PAGE)) == PAGE


def test_a_record_fits_the_page_and_is_read_whatever_follows_it() -> None:
    """The reader maps 4 KiB, of which the record is the beginning."""
    assert RECORD_BYTES < PAGE_BYTES
    assert decode(encode(PAGE).ljust(PAGE_BYTES, b"\xaa")) == PAGE


def test_text_that_is_too_long_is_cut_between_characters() -> None:
    """A cut never makes a record that cannot be read."""
    page = decode(encode(replace(PAGE, phase="ä" * 40, detail="x" + "€" * 100)))
    assert page.phase == "ä" * 32
    assert page.detail == "x" + "€" * 85


def test_a_number_below_zero_is_refused() -> None:
    """A beat with a negative deadline is a mistake of the writer's."""
    with pytest.raises(struct.error):
        encode(replace(PAGE, phase_deadline_ns=-1))


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (b"", "0 bytes"),
        (encode(PAGE)[:-1], "bytes"),
        (bytes(RECORD_BYTES), "checksum"),
        (_forged(magic=b"XXXX"), "format"),
        (_forged(version=2), "format"),
        (_forged(phase_length=65), "longer"),
        (_forged(text=b"\xff"), "UTF-8"),
    ],
)
def test_a_damaged_record_is_refused_by_what_is_wrong(record: bytes, complaint: str) -> None:
    """Nothing but PageDamaged ever comes out of the codec."""
    with pytest.raises(PageDamaged, match=complaint):
        decode(record)


def test_nobody_can_shrink_or_grow_a_page(fd: int) -> None:
    """A worker that truncates its page would make the supervisor die of SIGBUS."""
    for size in (0, PAGE_BYTES * 2):
        with pytest.raises(PermissionError):
            os.ftruncate(fd, size)


def test_a_page_is_not_inherited_by_accident(fd: int) -> None:
    """Only the worker that it is meant for gets the descriptor."""
    assert not os.get_inheritable(fd)


def test_the_reader_sees_what_the_writer_wrote(fd: int) -> None:
    """Both map the same memory."""
    writer, reader = PageWriter(fd), PageReader(fd)
    writer.write(PAGE)
    assert reader.read(5) == Reading(PAGE)
    writer.close()
    assert reader.read(6) == Reading(PAGE), "the page outlives its writer"
    reader.close()


def test_stacks_dumped_behind_the_page_are_read_after_death(fd: int) -> None:
    """Written with plain writes, as faulthandler does, and without growing the memory."""
    writer, reader = PageWriter(fd), PageReader(fd)
    assert reader.dump() == ""
    dumps_behind(fd)
    os.write(fd, b"Current thread\n")
    os.write(fd, b"  in block\n")
    writer.write(PAGE)
    assert reader.dump() == "Current thread\n  in block\n"
    assert reader.read(5) == Reading(PAGE)
    size = os.fstat(fd).st_size
    with suppress(PermissionError):  # the seal
        while True:
            os.write(fd, b"x" * 1000)
    assert os.fstat(fd).st_size == size
    writer.close()
    reader.close()


def test_a_blank_page_reads_as_none_and_as_bad(fd: int) -> None:
    """Before the first beat there is nothing to show."""
    reader = PageReader(fd)
    assert reader.read(5) == Reading(None, 1, 5)
    reader.close()


def test_bad_reads_are_counted_from_the_first_and_forgotten_after_a_good_one(fd: int) -> None:
    """The previous good page stays on show while the page is damaged."""
    writer, reader = PageWriter(fd), PageReader(fd)
    writer.write(PAGE)
    reader.read(10)
    with mmap.mmap(fd, PAGE_BYTES) as raw:
        raw[40] ^= 0xFF
        assert reader.read(20) == Reading(PAGE, 1, 20)
        assert reader.read(30) == Reading(PAGE, 2, 20)
    newer = replace(PAGE, loops=42)
    writer.write(newer)
    assert reader.read(40) == Reading(newer)
    writer.close()
    reader.close()
