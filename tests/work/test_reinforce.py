import asyncio
import dataclasses
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from burnish.core.rollout import Fault, FaultNote, Grade, Item, Sample, SampleKey
from burnish.settings import Models, Settings, Training
from burnish.spec.job import JobRequest
from burnish.work.check import Data
from burnish.work.journal import ResumePoint, Wish
from burnish.work.pulse import Pulse
from burnish.work.session import open_session
from burnish.work.stagnation import Validation
from tests.fakes import ListJournal
from tests.tiny import write_tiny_model
from tests.work.made import item

GRADER = {
    "type": "string_check",
    "name": "exact",
    "input": "{{sample.output_json.word}}",
    "reference": "{{item.wanted}}",
    "operation": "eq",
}
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "enum": ["yes", "no", "maybe", "never"]}},
    "required": ["word"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "word", "strict": True, "schema": SCHEMA}}

CLOCK = ("timing", "grading_seconds", "python_grader_seconds", "cost_usd", "estimate", "actual")
"""Fields of events that follow the clock."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def run(
    tiny: Path,
    directory: Path,
    *,
    seed: int = 1,
    wishes: list[Wish] | None = None,
    point: ResumePoint | None = None,
    training: dict[str, Any] | None = None,
    job: str = "ftjob-1",
    grade: Callable[[SampleKey, Item, Sample], Awaitable[Grade]] | None = None,
    pulse: Pulse | None = None,
    **hyper: Any,
) -> ListJournal:
    """A short run on the tiny model: of four words, "maybe" is right, unless `grade` says otherwise."""
    settings = Settings(
        data_dir=directory,
        models=Models(local={"tiny": str(tiny)}),
        training=Training(**({"max_answer_tokens": 24} | (training or {}))),
    )
    hyper = {"n_epochs": 1, "batch_size": 2, "reasoning_effort": "none", "learning_rate_multiplier": 20} | hyper
    request = JobRequest.model_validate(
        {
            "model": "tiny",
            "training_file": "file-1",
            "validation_file": "file-2",
            "method": {
                "type": "reinforcement",
                "reinforcement": {"grader": GRADER, "response_format": FORMAT, "hyperparameters": hyper},
            },
        }
    )
    rows = tuple(item(line, wanted="maybe") for line in range(1, 5))
    journal = ListJournal(directory, wishes or [], point, pulse=pulse or Pulse())
    with open_session(job, request, seed, Data(rows, rows), settings, journal) as session:
        if grade is not None:
            session = dataclasses.replace(session, roller=dataclasses.replace(session.roller, grade=grade))
        asyncio.run(session.carry_out())
    return journal


def weights(journal: ListJournal) -> str:
    """The digest of the last published weights."""
    (file,) = journal.room("model", journal.steps[-1].step).glob("*.safetensors")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def without_clock(value: Any) -> Any:
    """The same without the fields that are marked as clock."""
    if isinstance(value, dict):
        return {key: without_clock(each) for key, each in value.items() if key not in CLOCK}
    return value


@pytest.mark.parametrize(("parameters", "multiplier"), [("lora", 20), ("full", 100)])
def test_the_reward_rises(tiny: Path, tmp_path: Path, parameters: str, multiplier: float):
    training = {"parameters": parameters}
    hyper = {"n_epochs": 12, "eval_interval": 24, "eval_samples": 8, "learning_rate_multiplier": multiplier}
    journal = run(tiny, tmp_path, training=training, **hyper)
    last = journal.steps[-1].metrics["full_valid_mean_reward"]
    first = journal.records[0].metrics["full_valid_mean_reward"]
    assert last > first + 0.3, (first, last)


def test_the_same_seed_gives_the_same_answers_scores_and_weights(tiny: Path, tmp_path: Path):
    one = run(tiny, tmp_path / "1", n_epochs=2, job="ftjob-1")
    two = run(tiny, tmp_path / "2", n_epochs=2, job="ftjob-2")
    assert [record.rollouts for record in one.steps] == [record.rollouts for record in two.steps]
    assert [without_clock(record.metrics) for record in one.steps] == [
        without_clock(record.metrics) for record in two.steps
    ]
    assert weights(one) == weights(two)


def test_another_seed_gives_other_answers(tiny: Path, tmp_path: Path):
    one, two = run(tiny, tmp_path / "1", seed=1), run(tiny, tmp_path / "2", seed=2)
    assert one.steps[0].rollouts != two.steps[0].rollouts


def test_every_validated_step_is_published(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, n_epochs=2, eval_interval=3)
    assert [record.step for record in journal.steps] == [1, 2, 3, 4]
    assert [record.step for record in journal.steps if record.published] == [3, 4]


def test_sampler_and_trainer_agree_in_every_step(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, n_epochs=3)
    gaps = [record.metrics["burnish"]["logp_gap_max"] for record in journal.steps]
    assert max(gaps) < 1e-4
    assert max(gaps) > 0


def test_the_loop_stops_when_the_journal_wishes_so(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, n_epochs=2, wishes=[Wish.GO_ON, Wish.STOP])
    assert [record.step for record in journal.records] == [0, 1]


@pytest.mark.parametrize("parameters", ["lora", "full"])
@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_run_goes_on_from_a_snapshot_as_if_nothing_had_happened(
    tiny: Path, tmp_path: Path, parameters: str, left: int
):
    training, hyper = {"parameters": parameters}, {"n_epochs": 2, "eval_interval": 2}
    whole = run(tiny, tmp_path / "whole", training=training, **hyper)
    record = whole.records[left]
    assert record.snapshot is not None
    point = ResumePoint(left, record.trained_tokens, record.snapshot)
    rest = run(tiny, tmp_path / "rest", training=training, point=point, **hyper)
    assert [each.step for each in rest.records] == list(range(left + 1, 5))
    assert [each.rollouts for each in rest.records] == [each.rollouts for each in whole.records[left + 1 :]]
    assert [without_clock(each.metrics) for each in rest.records] == [
        without_clock(each.metrics) for each in whole.records[left + 1 :]
    ]
    assert [each.trained_tokens for each in rest.records] == [each.trained_tokens for each in whole.records[left + 1 :]]
    assert weights(rest) == weights(whole)


async def lost(_key: SampleKey, _item: Item, _sample: Sample) -> Grade:
    """What a judge that is down gives."""
    return Grade("judge", "score_model", None, (FaultNote(Fault.MODEL_SERVER, "The judge is down."),))


def test_a_run_without_grades_stops_once_three_steps_are_written_down(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, grade=lost, n_epochs=3)
    assert "The judge is down" in journal.said[-1]
    assert [record.step for record in journal.steps] == [1, 2, 3]
    assert journal.steps[-1].metrics["burnish"]["left_out_samples"] == 16.0


def test_batch_size_and_compute_multiplier_set_the_answers_of_a_step(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, batch_size=3, compute_multiplier=0.5, n_epochs=1)
    first = [line for line in journal.steps[0].rollouts if line["phase"] == "train" and line["sample"] < 4]
    assert len(first) == 3 * 4


def test_eval_samples_sets_the_answers_of_a_validation_row(tiny: Path, tmp_path: Path):
    journal = run(tiny, tmp_path, eval_samples=3, eval_interval=1)
    assert len([line for line in journal.steps[0].rollouts if line["phase"] == "valid"]) == 4 * 3


def test_effort_lets_the_model_reason(tiny: Path, tmp_path: Path):
    silent = run(tiny, tmp_path / "none")
    thinking = run(tiny, tmp_path / "low", reasoning_effort="low")
    assert silent.steps[0].metrics["reasoning_tokens_mean"] == 0
    assert thinking.steps[0].metrics["reasoning_tokens_mean"] > 0


def test_the_learning_rate_multiplier_changes_the_weights(tiny: Path, tmp_path: Path):
    slow = run(tiny, tmp_path / "slow", learning_rate_multiplier=0.1)
    fast = run(tiny, tmp_path / "fast", learning_rate_multiplier=10)
    assert slow.steps[0].rollouts[:1] == fast.steps[0].rollouts[:1]
    assert weights(slow) != weights(fast)
    assert fast.steps[0].metrics["burnish"]["learning_rate"] == pytest.approx(
        100 * slow.steps[0].metrics["burnish"]["learning_rate"]
    )


def test_kl_is_reported_on_validated_steps_and_weighs_where_the_settings_say_so(tiny: Path, tmp_path: Path):
    hyper = {"n_epochs": 4, "eval_interval": 1, "eval_samples": 1, "compute_multiplier": 2}
    free = run(tiny, tmp_path / "free", **hyper)
    held = run(tiny, tmp_path / "held", training={"kl": 5.0}, **hyper)
    drift = [max(record.metrics["burnish"]["kl_mean"] for record in journal.steps) for journal in (free, held)]
    assert drift[0] > drift[1] > 0


async def nothing(_key: SampleKey, _item: Item, _sample: Sample) -> Grade:
    """What a grader gives that no answer pleases."""
    return Grade("strict", "string_check", 0.0)


STUCK: dict[str, Any] = {"n_epochs": 4, "eval_interval": 2, "grade": nothing}
"""Eight steps, a validation pass after every other one, and no reward in any."""


@pytest.mark.parametrize(("patience", "last"), [(1, 2), (2, 4), (3, 6), (4, 8), (9, 8), (None, 8)])
def test_a_run_without_improvement_stops_with_its_patience(tiny: Path, tmp_path: Path, patience: int | None, last: int):
    journal = run(tiny, tmp_path, training={"early_stop_patience": patience}, **STUCK)
    assert journal.steps[-1].step == last


def test_a_run_that_goes_on_between_two_passes_stops_where_it_would_have(tiny: Path, tmp_path: Path):
    training = {"early_stop_patience": 2}
    whole = run(tiny, tmp_path / "whole", training=training, **STUCK)
    for left, rest in ((3, [4]), (4, [])):
        record = whole.records[left]
        assert record.snapshot is not None
        found = [Validation(step, 0.0) for step in (0, 2, 4) if step <= left]
        point = ResumePoint(left, record.trained_tokens, record.snapshot, found)
        again = run(tiny, tmp_path / f"from-{left}", training=training, point=point, **STUCK)
        assert [each.step for each in again.records] == rest


class Listening(Pulse):
    """Remembers at which stages of which steps something got done."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: set[tuple[int | None, str]] = set()

    def beat(self) -> None:
        super().beat()
        self.heard.add((self.sign.step, self.sign.stage))


def test_the_pulse_tells_the_stages_of_each_step(tiny: Path, tmp_path: Path):
    pulse = Listening()
    run(tiny, tmp_path, n_epochs=1, eval_interval=2, pulse=pulse)
    stages = {step: {stage for at, stage in pulse.heard if at == step} - {"starting"} for step in (None, 0, 1, 2)}
    training = {"sampling", "grading", "training", "writing the checkpoint"}
    assert stages == {
        None: {"loading the model", "loading the snapshot"},
        0: {"validation", "grading", "writing the checkpoint"},
        1: training,
        2: training | {"validation"},
    }
