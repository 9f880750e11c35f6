import json
from typing import Any

from burnish.core.evaluation import Count, Eval, ModelUse, Tally
from burnish.core.rollout import Group, TokenUsage
from burnish.evals.linked import eval_id, evals_of, run_of
from burnish.spec.grader import StringCheckSpec
from burnish.work.transcript import lines
from tests.rows import GRADER, NOW, job
from tests.work.made import item, rollout, spelt

JOB = job("ftjob-1", eval_id=eval_id("ftjob-1", "valid"), train_eval_id=eval_id("ftjob-1", "train"))
SPEC = StringCheckSpec.model_validate(GRADER)


def written(*rewards: float, phase: str = "train") -> list[dict[str, Any]]:
    answers = tuple(rollout(each, sample=sample) for sample, each in enumerate(rewards))
    return [{**json.loads(json.dumps(line)), "phase": phase} for line in lines(1, [Group(item(), answers)], {}, spelt)]


def made(phase: str) -> Eval:
    return next(each for each in evals_of(JOB, SPEC) if each.phase == phase)


def test_a_job_has_an_eval_per_phase_with_its_grader_as_criterion():
    valid, train = evals_of(JOB, SPEC)
    assert (valid.id, valid.phase, train.id, train.phase) == (JOB.eval_id, "valid", JOB.train_eval_id, "train")
    [criterion] = valid.testing_criteria
    assert criterion["id"].startswith("exact-")
    assert criterion["input"] == GRADER["input"]
    assert evals_of(JOB, SPEC) == evals_of(JOB, SPEC)


def test_a_job_of_before_there_were_evals_has_none():
    assert evals_of(job("ftjob-1"), SPEC) == []


def test_a_run_counts_what_its_step_wrote():
    run = run_of(made("train"), JOB, "local", 2, written(1.0, 0.0, 1.0), NOW)
    assert (run.tally, run.step, run.name) == (Tally(3, passed=2, failed=1), 2, "Step 2")
    assert list(run.criteria.values()) == [Count(2, 1)]
    assert list(run.usage.values()) == [ModelUse(3, TokenUsage(6, 12))]


def test_a_steps_answers_are_of_the_weights_that_sampled_them():
    def model(phase: str, step: int) -> str | None:
        return run_of(made(phase), JOB, "local", step, written(1.0, phase=phase), NOW).model

    assert model("valid", 0) == model("train", 1) == JOB.model
    assert model("train", 3) == model("valid", 2)
    assert model("valid", 2).endswith(":ckpt-step-2")


def test_a_step_without_answers_of_the_phase_has_no_run():
    assert run_of(made("valid"), JOB, "local", 1, written(1.0), NOW) is None


def test_a_run_is_the_same_one_when_it_is_written_again():
    ids = {run_of(made("train"), JOB, "local", 1, written(1.0), now).id for now in (NOW, NOW + 9)}
    assert len(ids) == 1
