"""With which key and which seed a case is lived through (FAKE_EXCHANGE.md, 13).

Every case belongs with both kinds of key and three seeds. A seed makes the exchange's ids, the
jitter of its times, and the luck of faults that come by chance.
"""

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from powertraderd.testing.venue import Algorithm

ALGORITHMS: Sequence[Algorithm] = ("ES256", "EdDSA")
SEEDS = (1, 2, 3)
JITTER_MS = 60
"""By so much the exchange's own times vary at most."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One combination."""

    algorithm: Algorithm
    seed: int

    def __str__(self) -> str:
        """For test ids."""
        return f"{self.algorithm}-{self.seed}"


DRAWS = tuple(Draw(algorithm, seed) for algorithm, seed in itertools.product(ALGORITHMS, SEEDS))
PAIRING = (Draw("ES256", 1), Draw("EdDSA", 2))
"""Of the few scenarios; each runs with both kinds of key."""


def draw_of(case: object) -> Draw:
    """Of the many cases of the proofs: one draw for each, spread evenly and always the same."""
    return DRAWS[zlib.crc32(str(case).encode()) % len(DRAWS)]
