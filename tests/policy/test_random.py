import numpy as np

from burnish.core.rollout import SampleKey
from burnish.policy.random import stream, uniform

KEY = SampleKey("job", "train", 3, 5, 1)


def test_numbers_are_those_of_splitmix64():
    # The reference implementation's first outputs for the seed 1234567 (Vigna, splitmix64.c).
    outputs = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    numbers = uniform(np.full(3, 1234567, np.uint64), np.arange(3, dtype=np.uint64))
    assert numbers.tolist() == [(output >> 11) * 2.0**-53 for output in outputs]


def test_a_stream_hangs_on_seed_and_key_but_not_on_the_job():
    assert stream(1, KEY) == stream(1, SampleKey("another job", "train", 3, 5, 1))
    others = [
        stream(2, KEY),
        stream(1, SampleKey("job", "valid", 3, 5, 1)),
        stream(1, SampleKey("job", "train", 4, 5, 1)),
        stream(1, SampleKey("job", "train", 3, 6, 1)),
        stream(1, SampleKey("job", "train", 3, 5, 2)),
        stream(1, SampleKey("job", "train", 3, 5, 1, turn=1)),
    ]
    assert len({stream(1, KEY), *others}) == 7


def test_numbers_are_uniform():
    numbers = uniform(np.full(100_000, stream(0, KEY), np.uint64), np.arange(100_000, dtype=np.uint64))
    counts, _ = np.histogram(numbers, bins=100, range=(0, 1))
    chi2 = float(((counts - 1000) ** 2 / 1000).sum())
    assert numbers.min() >= 0 and numbers.max() < 1
    assert 50 < chi2 < 160  # 99 degrees of freedom: four standard deviations either way
