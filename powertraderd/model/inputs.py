"""What a decision was made from, as text that comes back to the last digit."""

from functools import cache

from pydantic import TypeAdapter, ValidationError

from powertraderd.errors import StoreDamaged
from powertraderd.model.decision import CoinView


def to_text(view: CoinView) -> str:
    """``view`` as JSON."""
    return _adapter().dump_json(view).decode()


def from_text(text: str, place: str) -> CoinView:
    """The view in ``text``; raises StoreDamaged with ``place`` where it holds none."""
    try:
        return _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"{place}: the recorded inputs do not fit this version ({where}: {first['msg']})"
        raise StoreDamaged(msg) from None


@cache
def _adapter() -> TypeAdapter[CoinView]:
    """Built when it is first needed: most processes never do."""
    return TypeAdapter(CoinView)
