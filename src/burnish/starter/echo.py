"""Random tokens, said twice: the first thing that the model learns.

Predicting the second time grows the heads that copy (induction heads: Olsson et al., 2022, arXiv:2209.11895). On the
families alone they grow late or never, for what is to be copied there can often be guessed; and careful work is
copying.
"""

import random
from array import array
from collections.abc import Iterator

from burnish.starter.encode import Encoded
from burnish.starter.tokenizer import VOCAB_SIZE

_FIRST_ID = 16
"""Ids below are special tokens and, one of them, the mark between the two times."""
_MARK = _FIRST_ID - 1
_LENGTHS = (6, 40)


def echoes(seed: int, tokens: int) -> Iterator[Encoded]:
    """So many tokens of them, each sequence of its own length."""
    rng = random.Random(f"echo/{seed}")
    total = 0
    while total < tokens:
        said = array("H", (rng.randrange(_FIRST_ID, VOCAB_SIZE) for _ in range(rng.randint(*_LENGTHS))))
        yield Encoded(said + array("H", [_MARK]) + said, len(said) + 1)
        total += 2 * len(said) + 1
