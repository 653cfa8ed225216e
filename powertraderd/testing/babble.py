"""Messages that nobody should send: random, and valid ones damaged at random."""

import json
import random
from collections.abc import Iterator

from powertraderd.supervision.verbs import VERBS

_ARGS = ("coin", "usd", "qty", "pct", "all", "limit", "worker", "reason", "coins", "__class__")
_NUMBERS = ("1e999999", "-0", "1E-400", "9" * 400, "0.1", "NaN", "Infinity", "1_0", "0x1")
_VALUES: tuple[object, ...] = (
    "BTC",
    'a"b',
    "\ud800",
    "",
    "é" * 70,
    True,
    None,
    [],
    {},
    [[["BTC"]]],
    5,
    0.1,
)


def messages(seed: int, count: int) -> Iterator[bytes]:
    """``count`` messages, the same for the same seed; at most a little above the allowed size."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(count):
        match dice.randrange(6):
            case 0:
                yield dice.randbytes(dice.randrange(200))
            case 1:
                depth = dice.choice((1, 50, 2_000, 30_000))
                yield b"[" * depth + b"]" * dice.randrange(depth + 1)
            case 2:
                yield _almost(dice).replace("7777", dice.choice(_NUMBERS)).encode()
            case 3:
                size = dice.choice((10, 1_000, 65_000, 66_000))
                yield f'{{"id":"x","verb":"pause","args":{{"reason":"{"r" * size}"}}}}'.encode()
            case _:
                yield _damaged(_almost(dice).encode(), dice)


def _almost(dice: random.Random) -> str:
    args = {dice.choice(_ARGS): dice.choice((*_VALUES, 7777)) for _ in range(dice.randrange(4))}
    request_id = dice.choice(("q-1", "", "x" * 65, 7, None))
    verb = dice.choice((*VERBS, "STATUS", "statu", "__init__", 3))
    return json.dumps({"id": request_id, "verb": verb, "args": args})


def _damaged(message: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(message)
    for _ in range(dice.randrange(1, 5)):
        place = dice.randrange(len(damaged) + 1)
        match dice.randrange(3):
            case 0:
                damaged[place : place + 1] = dice.randbytes(1)
            case 1:
                del damaged[place : place + dice.randrange(1, 9)]
            case _:
                damaged[place:place] = damaged[: dice.randrange(1, 40)]
    return bytes(damaged)
