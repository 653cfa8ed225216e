"""The page codec under any input: a page or PageDamaged, and nothing else."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertraderd.supervision.page import (
    DETAIL_BYTES,
    PHASE_BYTES,
    RECORD_BYTES,
    Page,
    PageDamaged,
    decode,
    encode,
)

numbers = st.integers(0, 2**64 - 1)
texts = st.text(st.characters(codec="utf-8"), max_size=300)
pages = st.builds(
    Page,
    incarnation=numbers,
    ready=st.booleans(),
    draining=st.booleans(),
    safe_mode=st.booleans(),
    loops=numbers,
    cycle_started_ns=numbers,
    cycle_deadline_ns=numbers,
    phase=texts,
    phase_started_ns=numbers,
    phase_deadline_ns=numbers,
    progress=numbers,
    total=numbers,
    detail=texts,
)


def _fits(text: str, limit: int) -> bool:
    return len(text.encode()) <= limit


@given(pages)
def test_a_page_comes_back_as_it_was_with_text_cut_at_its_limit(page: Page) -> None:
    """Encode and decode are inverse for all that fits."""
    back = decode(encode(page))
    assert replace(back, phase="", detail="") == replace(page, phase="", detail="")
    assert page.phase.startswith(back.phase)
    assert page.detail.startswith(back.detail)
    assert (back.phase == page.phase) == _fits(page.phase, PHASE_BYTES)
    assert (back.detail == page.detail) == _fits(page.detail, DETAIL_BYTES)


@given(st.text(max_size=40))
def test_text_that_is_no_text_is_written_all_the_same(text: str) -> None:
    """A lone surrogate in a detail must not kill the worker."""
    decode(encode(Page(incarnation=1, phase=text, detail=text)))


@given(st.binary(max_size=RECORD_BYTES + 64))
def test_garbage_is_refused(garbage: bytes) -> None:
    """No other exception, no wrong page."""
    with pytest.raises(PageDamaged):
        decode(garbage)


@given(pages, st.integers(0, RECORD_BYTES - 1))
def test_a_record_cut_anywhere_is_refused(page: Page, length: int) -> None:
    """Half a record is none, also when the rest reads as zeros."""
    head = encode(page)[:length]
    with pytest.raises(PageDamaged):
        decode(head)
    with suppress(PageDamaged):
        assert encode(decode(head.ljust(RECORD_BYTES, b"\0"))) == encode(page)


@given(pages, st.integers(0, RECORD_BYTES * 8 - 1))
def test_a_flipped_bit_is_found_wherever_it_is(page: Page, bit: int) -> None:
    """CRC32 finds every single-bit error."""
    record = bytearray(encode(page))
    record[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PageDamaged):
        decode(bytes(record))


@given(pages, pages, st.integers(1, RECORD_BYTES - 1))
def test_a_record_torn_between_two_beats_is_refused_or_is_one_of_them(
    old: Page, new: Page, cut: int
) -> None:
    """A reader in the middle of a write sees neither a mixture nor an exception."""
    torn = encode(new)[:cut] + encode(old)[cut:]
    with suppress(PageDamaged):
        assert encode(decode(torn)) in (encode(old), encode(new))
