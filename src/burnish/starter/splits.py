"""Cuts a family's rows into four sets that share no key: one to pretrain on, three for fine-tuning jobs."""

import hashlib
import random
from collections import Counter
from typing import Literal

from burnish.starter.family import Family, Row

Split = Literal["pre", "train", "valid", "test"]

_TRIES_PER_ROW = 300


def split_of(key: str) -> Split:
    """The set that a key belongs to: 60, 20, 10 and 10 percent of all keys."""
    percent = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) % 100
    if percent < 60:
        return "pre"
    if percent < 80:
        return "train"
    return "valid" if percent < 90 else "test"


def rows(family: Family, split: Split, n: int, seed: int) -> list[Row]:
    """`n` rows of a split with distinct keys, as many of each label as goes up evenly.

    Raises `ValueError` where the family cannot make so many.
    """
    rng = random.Random(f"{family.name}/{split}/{seed}")
    most = -(-n // len(family.labels))
    seen: set[str] = set()
    count: Counter[str] = Counter()
    found: list[Row] = []
    for _ in range(_TRIES_PER_ROW * n):
        if len(found) == n:
            return found
        row = family.item(rng)
        if split_of(row.key) == split and row.key not in seen and count[row.label] < most:
            seen.add(row.key)
            count[row.label] += 1
            found.append(row)
    if len(found) == n:
        return found
    raise ValueError(f"family '{family.name}' has only {len(found)} balanced rows in '{split}', not {n}.")


def draw(family: Family, split: Split, rng: random.Random) -> Row:
    """One row of a split, whatever its label."""
    while True:
        row = family.item(rng)
        if split_of(row.key) == split:
            return row
