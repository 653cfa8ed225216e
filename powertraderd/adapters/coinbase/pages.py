"""Reading page after page, guarded against pages that never end."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from powertraderd.errors import InvalidAnswer

MOST_PAGES = 100
Page = TypeVar("Page")


def pages(
    what: str, read: Callable[[str | None], Page], following: Callable[[Page], str | None]
) -> Iterator[Page]:
    """Every page; ``read`` takes a cursor (None: the first), ``following`` gives the next one.

    Raises InvalidAnswer for a cursor that comes again, and after MOST_PAGES pages.
    """
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(MOST_PAGES):
        page = read(cursor)
        yield page
        cursor = following(page)
        if not cursor:
            return
        if cursor in seen:
            msg = f"{what}: the pages go in a circle (cursor {cursor[:40]!r} came twice)"
            raise InvalidAnswer(msg)
        seen.add(cursor)
    msg = f"{what}: more than {MOST_PAGES} pages"
    raise InvalidAnswer(msg)
