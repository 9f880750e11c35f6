"""Hostile graders in every backend that is installed."""

import asyncio
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.core.outcome import Outcome
from burnish.sandbox.backend import Backend
from burnish.sandbox.choice import ORDER, Choice, Refusal, find
from burnish.sandbox.limits import MEBIBYTE, Limits
from burnish.sandbox.python_sandbox import PythonSandbox
from burnish.settings import Grading, Settings

LIMITS = Limits(timeout_s=20.0, memory_bytes=256 * MEBIBYTE, disk_bytes=8 * MEBIBYTE, processes=24)
HASTY = Limits(timeout_s=2.0, memory_bytes=256 * MEBIBYTE, disk_bytes=8 * MEBIBYTE, processes=24)

Attack = Callable[..., Outcome]


@pytest.fixture(scope="module", params=ORDER)
def backend(request: pytest.FixtureRequest) -> Backend:
    found = find(request.param)
    if isinstance(found, Refusal):
        pytest.skip(f"{found.name}: {found.reason}")
    return found


def opened(backend: Backend, limits: Limits, directory: Path) -> Iterator[PythonSandbox]:
    settings = Settings(data_dir=directory, grading=Grading(concurrency=1))
    sandbox = PythonSandbox(settings, limits, Choice(backend))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def sandbox(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonSandbox]:
    yield from opened(backend, LIMITS, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def hasty(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PythonSandbox]:
    """Two seconds for a grade."""
    yield from opened(backend, HASTY, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def attack(sandbox: PythonSandbox) -> Attack:
    return attack_in(sandbox)


@pytest.fixture(scope="module")
def hasty_attack(hasty: PythonSandbox) -> Attack:
    return attack_in(hasty)


def attack_in(sandbox: PythonSandbox) -> Attack:
    """Runs the body of a `grade`, and sees that the next grade by the same source is unharmed."""

    def attack(body: str, **item: Any) -> Outcome:
        source = "\n".join(
            ["def grade(sample, item):", "    if item.get('calm'): return 1", textwrap.indent(body, "    ")]
        )
        outcome = asyncio.run(sandbox.grade(source, {"output_text": "yes"}, item))
        calm = asyncio.run(sandbox.grade(source, {"output_text": "yes"}, {"calm": True}))
        assert calm == Outcome(1.0)
        return outcome

    return attack
