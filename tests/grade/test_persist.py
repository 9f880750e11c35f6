import asyncio

import pytest

from burnish.core.errors import GraderUnavailable
from burnish.grade.persist import persist
from tests.fakes import FakeSleep


def tried(failures: int, pauses_s: tuple[float, ...]) -> tuple[int, list[float]]:
    """How often it was tried, and the pauses between; it fails so many times first."""
    tries, sleep = 0, FakeSleep()

    async def act() -> int:
        nonlocal tries
        tries += 1
        if tries <= failures:
            raise GraderUnavailable(f"failure {tries}")
        return tries

    return asyncio.run(persist(act, pauses_s, sleep, {"kind": "test"})), sleep.pauses_s


def test_what_works_is_not_asked_again():
    assert tried(0, (1.0, 2.0)) == (1, [])


def test_each_failure_is_followed_by_its_pause():
    assert tried(1, (1.0, 2.0)) == (2, [1.0])
    assert tried(2, (1.0, 2.0)) == (3, [1.0, 2.0])


def test_the_last_failure_is_the_answer():
    with pytest.raises(GraderUnavailable, match="failure 3"):
        tried(9, (1.0, 2.0))
