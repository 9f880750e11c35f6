import asyncio

import pytest

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.sandbox.choice import Choice, Refusal
from burnish.sandbox.python_sandbox import PythonSandbox
from burnish.settings import Grading, Settings
from tests.sandbox.cells import LIMITS, any_backend

EXACT = "def grade(sample, item): return sample['output_text'] == item['answer']"
SLEEPY = "import time\ndef grade(sample, item): time.sleep(60)"


@pytest.fixture
def sandbox(tmp_path):
    made = PythonSandbox(Settings(data_dir=tmp_path, grading=Grading(concurrency=2)), LIMITS, Choice(any_backend()))
    yield made
    made.close()


def test_many_grades_at_once_each_get_their_own_answer(sandbox):
    async def main() -> list[Outcome]:
        return await asyncio.gather(
            *[sandbox.grade(EXACT, {"output_text": str(n % 3)}, {"answer": "1"}) for n in range(60)]
        )

    assert asyncio.run(main()) == [Outcome(float(n % 3 == 1)) for n in range(60)]


def test_it_outlives_an_event_loop(sandbox):
    for _ in range(2):
        assert asyncio.run(sandbox.grade(EXACT, {"output_text": "a"}, {"answer": "a"})) == Outcome(1.0)


def test_a_source_that_brings_its_sandbox_down_twice_is_at_fault(sandbox):
    outcome = asyncio.run(sandbox.grade("import os\nos._exit(1)", {}, {}))
    assert outcome.error == "The grader brought its sandbox down (it ended), and so it did when tried again."


def test_a_grade_that_is_given_up_frees_its_place(sandbox):
    async def main() -> Outcome:
        given_up = [asyncio.create_task(sandbox.grade(SLEEPY, {}, {})) for _ in range(4)]
        await asyncio.sleep(0)
        for task in given_up:
            task.cancel()
        await asyncio.wait(given_up)
        return await sandbox.grade(EXACT, {"output_text": "a"}, {"answer": "a"})

    assert asyncio.run(asyncio.wait_for(main(), 40)) == Outcome(1.0)


def test_closing_ends_the_grades_under_way(tmp_path):
    async def main() -> None:
        sandbox = PythonSandbox(Settings(data_dir=tmp_path), LIMITS, Choice(any_backend()))
        await sandbox.grade(EXACT, {"output_text": "a"}, {"answer": "a"})
        under_way = asyncio.create_task(sandbox.grade(SLEEPY, {}, {}))
        await asyncio.sleep(0)
        await asyncio.to_thread(sandbox.close)
        with pytest.raises((GraderUnavailable, asyncio.CancelledError)):
            await under_way
        with pytest.raises(GraderUnavailable, match="closed"):
            await sandbox.grade(EXACT, {}, {})

    asyncio.run(asyncio.wait_for(main(), 40))


def test_where_nothing_works_it_says_why_and_grades_nothing(tmp_path):
    sandbox = PythonSandbox(Settings(data_dir=tmp_path), LIMITS, Choice(None, (Refusal("bubblewrap", "it leaks"),)))
    assert "bubblewrap: it leaks" in str(sandbox.refusal())
    with pytest.raises(GraderUnavailable, match="it leaks"):
        asyncio.run(sandbox.grade(EXACT, {}, {}))
    sandbox.close()


def test_the_backend_is_chosen_when_it_is_first_asked_for(tmp_path):
    sandbox = PythonSandbox(Settings(data_dir=tmp_path, grading=Grading(sandbox="off")))
    assert "grading.sandbox says so" in str(sandbox.refusal())
    assert sandbox.choice is sandbox.choice
    sandbox.close()


def test_an_outcome_says_how_long_its_own_grade_took_and_not_how_long_it_waited(sandbox):
    source = "import time\ndef grade(sample, item):\n    time.sleep(0.2)\n    return 1.0"

    async def main() -> list[Outcome]:
        return await asyncio.gather(*[sandbox.grade(source, {}, {}) for _ in range(4 * sandbox._workers)])

    waits = [outcome.seconds for outcome in asyncio.run(main())]
    assert min(waits) >= 0.2
    assert sum(waits) < 0.2 * len(waits) * (len(waits) / sandbox._workers)  # what they would be from the start on
