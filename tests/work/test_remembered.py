import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from burnish.core.rollout import Fault, FaultNote, Grade, Item, Sample, SampleKey
from burnish.spec.grader import GraderSpec
from burnish.work.remembered import Remembered
from tests.fakes import ListJournal
from tests.work.made import item

EXACT = {"type": "string_check", "name": "n", "input": "a", "reference": "b", "operation": "eq"}
JUDGE = {"type": "score_model", "name": "n", "model": "judge", "input": [{"role": "user", "content": "?"}]}
KEY = SampleKey("ftjob-1", "train", 1, 1, 0)


@dataclass
class Counting:
    """Gives 1, 2, 3, ... or, where it is told so, nothing."""

    failing: bool = False
    calls: list[str] = field(default_factory=list)

    async def __call__(self, item: Item, sample: Sample) -> Grade:
        self.calls.append(sample.text)
        if self.failing:
            return Grade("n", "score_model", None, (FaultNote(Fault.MODEL_SERVER, "down"),))
        return Grade("n", "score_model", float(len(self.calls)))


def ask(grader: Counting, spec: object, journal: ListJournal, text: str, key: SampleKey = KEY) -> float | None:
    remembered = Remembered(grader, TypeAdapter(GraderSpec).validate_python(spec), journal)
    return asyncio.run(remembered(key, item(1), Sample(text, None))).score


def test_a_judges_grade_is_asked_for_once(tmp_path: Path):
    journal, grader = ListJournal(tmp_path), Counting()
    assert [ask(grader, JUDGE, journal, "yes") for _ in range(3)] == [1.0, 1.0, 1.0]
    assert grader.calls == ["yes"]


def test_another_answer_or_sample_is_graded_anew(tmp_path: Path):
    journal, grader = ListJournal(tmp_path), Counting()
    ask(grader, JUDGE, journal, "yes")
    assert ask(grader, JUDGE, journal, "no") == 2.0
    assert ask(grader, JUDGE, journal, "yes", SampleKey("ftjob-1", "train", 1, 1, 1)) == 3.0


def test_a_grade_that_is_missing_is_tried_again(tmp_path: Path):
    journal = ListJournal(tmp_path)
    assert ask(Counting(failing=True), JUDGE, journal, "yes") is None
    assert ask(Counting(), JUDGE, journal, "yes") == 1.0


def test_what_can_be_graded_again_is_not_written_down(tmp_path: Path):
    journal, grader = ListJournal(tmp_path), Counting()
    ask(grader, EXACT, journal, "yes")
    ask(grader, {"type": "multi", "graders": {"a": EXACT}, "calculate_output": "a"}, journal, "yes")
    assert journal.grades == {}
    ask(grader, {"type": "multi", "graders": {"a": EXACT, "b": JUDGE}, "calculate_output": "a + b"}, journal, "yes")
    assert len(journal.grades) == 1
