"""Random numbers that belong to a sample and a position, and to nothing else: no state, no global generator.

A number is splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators") of a stream's
64-bit start plus the position times the golden gamma. The start is a blake2b digest of the job's seed and the sample's
key, less the job's id: two jobs with one seed draw the same numbers.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from burnish.core.rollout import SampleKey

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


def stream(seed: int, key: SampleKey) -> int:
    """The 64-bit start of a sample's random numbers."""
    text = f"{seed}|{key.phase}|{key.step}|{key.line}|{key.sample}|{key.turn}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniform(stream_R: NDArray[np.uint64], position_R: NDArray[np.uint64]) -> NDArray[np.float64]:
    """One number in [0, 1) per row, with 53 random bits."""
    with np.errstate(over="ignore"):
        bits_R = stream_R + (position_R + np.uint64(1)) * _GAMMA
        bits_R = (bits_R ^ (bits_R >> _SHIFTS[0])) * _MIX_1
        bits_R = (bits_R ^ (bits_R >> _SHIFTS[1])) * _MIX_2
        bits_R = bits_R ^ (bits_R >> _SHIFTS[2])
    uniform_R: NDArray[np.float64] = (bits_R >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniform_R
