"""What is worth telling the owner."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class News:
    """One message; ``kind`` is one of [notify] events."""

    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one delivery to one address, which is masked."""

    address: str
    delivered: bool
    trouble: str = ""
