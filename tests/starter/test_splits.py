import random
from collections import Counter

import pytest

from burnish.starter.families import families
from burnish.starter.splits import draw, rows, split_of


def test_keys_fall_into_the_splits_as_promised():
    count = Counter(split_of(f"key/{n}") for n in range(20_000))
    assert [round(count[split] / 20_000, 2) for split in ("pre", "train", "valid", "test")] == [0.6, 0.2, 0.1, 0.1]


def test_a_key_has_one_split_for_ever():
    assert [split_of(key) for key in ("a", "b", "secreview/0/0/0")] == ["test", "pre", "test"]


@pytest.mark.parametrize("name", sorted(families()))
def test_no_split_shares_a_key_and_every_label_comes_as_often(name):
    family = families()[name]
    cut = {split: rows(family, split, 60, seed=0) for split in ("train", "valid", "test")}
    keys = [row.key for found in cut.values() for row in found]
    assert len(set(keys)) == 180
    for split, found in cut.items():
        assert {split_of(row.key) for row in found} == {split}
        count = Counter(row.label for row in found)
        assert set(count) == set(family.labels)
        assert max(count.values()) == 60 // len(family.labels)


def test_a_seed_fixes_the_rows():
    family = families()["addition"]
    first, again, other = (rows(family, "train", 5, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_asking_for_more_than_there_is_fails():
    with pytest.raises(ValueError, match=r"'secreview' has only .* balanced rows in 'valid', not 230"):
        rows(families()["secreview"], "valid", 230, seed=0)


def test_the_corpus_draws_from_pre_alone():
    rng = random.Random(0)
    assert all(split_of(draw(families()["secreview"], "pre", rng).key) == "pre" for _ in range(100))
