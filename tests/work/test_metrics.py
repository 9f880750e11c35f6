import math
from dataclasses import replace

import pytest

from burnish.core.errors import JobFailure
from burnish.core.rollout import Fault, FaultNote, Grade, Group, TokenUsage
from burnish.policy.roles import LossStats, StepStats
from burnish.prices import JudgePrices, Prices
from burnish.spec.grader import MultiSpec, StringCheckSpec
from burnish.work.clock import Clock
from burnish.work.cost import Tariff
from burnish.work.learner import Lesson
from burnish.work.metrics import Leaf, Metrics, leaves_of, of_checkpoint, whole_of
from tests.work.made import group, item, rollout

ALONE = Metrics((Leaf(None, "check", "string_check", None),), total_steps=20)
LESSON = Lesson(
    groups=2,
    too_small=0,
    without_variance=1,
    loss=LossStats(tokens=8, loss=-0.5, kl=0.4, entropy=16.0, clipped=2, logp_gap_max=1e-6, logp_gap_sum=4e-7),
    step=StepStats(grad_norm=0.7, policy_version=3),
    learning_rate=2e-3,
    advantages={},
)


def judged(score: float | None, *faults: FaultNote) -> Grade:
    judge = Grade(
        "judge", "score_model", score, faults, usage={"gpt": TokenUsage(100, 20, 60)}, model="gpt", seconds=2.0
    )
    exact = Grade("exact", "string_check", 1.0)
    return Grade("both", "multi", score, parts={"a": exact, "b": judge}, usage=judge.usage)


JUDGED = Metrics((Leaf("a", "exact", "string_check", None), Leaf("b", "judge", "score_model", "gpt")), total_steps=5)


def test_the_mean_reward_counts_ungradable_answers_and_leaves_out_lost_ones():
    answers = (rollout(1.0), rollout(0.0), rollout(-1.0, ungraded=Fault.TRUNCATED), rollout(None))
    values = ALONE.step(3, [Group(item(), answers)], None, LESSON, Clock())
    assert values["scores"]["train_reward_mean"] == values["train_mean_reward"] == 0.0
    assert values["scores"]["graders"] == [{"name": "check", "type": "string_check", "train_reward_mean": 0.5}]
    assert values["mean_unresponsive_rewards"] == 0.25
    assert values["burnish"]["left_out_samples"] == 1.0


def test_validation_fields_are_there_only_after_a_validation_pass():
    without = ALONE.step(3, [group([1.0])], None, LESSON, Clock())
    with_it = ALONE.step(4, [group([1.0])], [group([0.25, 0.75])], LESSON, Clock())
    assert not any("valid" in name for name in without)
    assert "valid_reward_mean" not in without["scores"]
    assert with_it["scores"]["valid_reward_mean"] == with_it["full_valid_mean_reward"] == 0.5
    assert with_it["scores"]["graders"][0]["valid_reward_mean"] == 0.5


def test_messages_have_openais_words_and_odd_space():
    without = ALONE.step(10, [group([0.42])], None, LESSON, Clock())
    with_it = ALONE.step(10, [group([0.42])], [group([0.68])], LESSON, Clock())
    assert ALONE.message(without) == "Step 10/20 , train mean reward=0.42"
    assert ALONE.message(with_it) == (
        "Step 10/20 , train mean reward=0.42, full validation mean reward=0.68, full validation mean parse error=0.00"
    )


def test_counts_are_floats_and_totals():
    values = ALONE.step(1, [group([1.0, 0.0])], None, LESSON, Clock())
    assert values["usage"]["samples"] == {"train_reasoning_tokens_mean": 2.0, "train_reasoning_tokens_count": 4.0}
    assert isinstance(values["usage"]["samples"]["train_reasoning_tokens_count"], float)
    assert values["completion_tokens_mean"] == 4.0


def test_judges_tokens_are_counted_by_grader_and_by_model():
    answers = (rollout(0.5, grade=judged(0.5)), rollout(0.0, grade=judged(0.0, FaultNote(Fault.MODEL_PARSE, "?"))))
    values = JUDGED.step(1, [Group(item(), answers)], [Group(item(), answers[:1])], LESSON, Clock())
    usage = values["usage"]["graders"]
    assert [grader["name"] for grader in usage] == ["judge"]
    assert (usage[0]["train_prompt_tokens_mean"], usage[0]["train_prompt_tokens_count"]) == (100.0, 200.0)
    assert usage[0]["valid_completion_tokens_count"] == 20.0
    assert values["model_graders_token_usage"] == {
        "gpt": {
            "train_prompt_tokens": 200,
            "train_completion_tokens": 40,
            "train_cached_tokens": 120,
            "eval_prompt_tokens": 100,
            "eval_completion_tokens": 20,
            "eval_cached_tokens": 60,
        }
    }
    assert values["timing"]["graders"][1]["train_execution_latency_mean"] == 2.0


def test_faults_are_rates_and_totals_of_their_own_grader():
    lost = judged(None, FaultNote(Fault.MODEL_SERVER, "down"))
    answers = (rollout(0.5, grade=judged(0.5)), rollout(None, grade=lost))
    errors = JUDGED.step(1, [Group(item(), answers)], None, LESSON, Clock())["errors"]["graders"]
    assert errors[0] == {
        "name": "exact",
        "type": "string_check",
        **{f"train_{fault}_{kind}": 0.0 for fault in _COMMON for kind in ("mean", "count")},
    }
    assert errors[1]["train_model_grader_server_error_mean"] == 0.5
    assert errors[1]["train_model_grader_server_error_count"] == 1.0


def test_a_formulas_faults_stand_last_under_the_multi_graders_name():
    broken = Grade("both", "multi", 0.0, (FaultNote(Fault.OTHER, "1 / 0"),), parts=judged(0.5).parts)
    metrics = Metrics(JUDGED.leaves, 5, Leaf(None, "both", "multi", None))
    values = metrics.step(1, [Group(item(), (rollout(0.0, grade=broken),))], None, LESSON, Clock())
    errors = values["errors"]["graders"]
    assert [(each["name"], each["train_other_error_count"]) for each in errors] == [
        ("exact", 0.0),
        ("judge", 0.0),
        ("both", 1.0),
    ]
    assert errors[2]["train_formula_parse_error_count"] == 0.0
    assert [each["name"] for each in values["scores"]["graders"]] == ["exact", "judge"]


def test_a_judges_refusals_and_unreadable_answers_are_counted():
    notes = (Fault.MODEL_REFUSAL, Fault.MODEL_PARSE, Fault.MODEL_PARSE)
    answers = tuple(rollout(0.0, grade=judged(0.0, FaultNote(fault, "?"))) for fault in notes)
    errors = JUDGED.step(1, [Group(item(), answers)], None, LESSON, Clock())["errors"]["graders"][1]
    assert errors["train_model_grader_refusal_error_count"] == 1.0
    assert errors["train_model_grader_parse_error_mean"] == pytest.approx(2 / 3)


_COMMON = ("sample_parse_error", "invalid_variable_error", "other_error")


def test_unparsable_answers_count_as_parse_errors_though_they_were_not_graded():
    answers = (rollout(1.0), rollout(0.0, ungraded=Fault.SAMPLE_PARSE))
    values = ALONE.step(1, [group([1.0])], [Group(item(), answers)], LESSON, Clock())
    assert values["full_valid_mean_parse_error"] == 0.5
    assert values["errors"]["graders"][0]["valid_sample_parse_error_count"] == 1.0


def test_the_update_is_described_per_trained_token():
    ours = ALONE.step(1, [group([1.0])], None, LESSON, Clock())["burnish"]
    assert (ours["kl_mean"], ours["entropy_mean"], ours["clipped_mean"]) == pytest.approx((0.05, 2.0, 0.25))
    assert (ours["groups_without_variance"], ours["grad_norm"], ours["logp_gap_max"]) == (1.0, 0.7, 1e-6)


def test_the_baseline_says_that_nothing_was_learnt_yet():
    assert ALONE.baseline([group([0.25, 0.5])])["scores"]["valid_reward_mean"] == 0.375
    assert ALONE.baseline_message([group([0.25])]) == "Step 0/20 , before any update: full validation mean reward=0.25"


def test_a_figure_that_is_no_number_is_named_with_its_step():
    loss = replace(LESSON.loss, loss=math.nan, entropy=math.inf) if LESSON.loss else None
    with pytest.raises(JobFailure) as failure:
        ALONE.step(7, [group([1.0])], None, replace(LESSON, loss=loss), Clock())
    assert failure.value.code == "server_error"
    assert failure.value.message.startswith(
        "Step 7 cannot be written down, for its metrics are not all finite numbers: burnish.loss is nan, "
        "burnish.entropy_mean is inf. "
    )


def test_a_reward_that_is_no_number_is_named_with_its_grader():
    with pytest.raises(
        JobFailure, match=r"Step 0 cannot .*: scores\.valid_reward_mean is nan, scores\.graders\[check\]"
    ):
        ALONE.baseline([group([math.nan])])


def test_a_checkpoint_keeps_what_openais_have():
    values = ALONE.step(4, [group([1.0])], [group([0.5])], LESSON, Clock())
    assert of_checkpoint(values) == {
        "step": 4,
        "train_mean_reward": 1.0,
        "full_valid_mean_reward": 0.5,
        "completion_tokens_mean": 4.0,
        "reasoning_tokens_mean": 2.0,
    }


def test_leaves_are_a_multi_graders_children_or_the_grader_itself():
    check = StringCheckSpec(type="string_check", input="x", reference="x", operation="eq", name="exact")
    nameless = check.model_copy(update={"name": None})
    both = MultiSpec(type="multi", graders={"a": check, "b": nameless}, calculate_output="a + b")
    assert leaves_of(check) == (Leaf(None, "exact", "string_check", None),)
    assert [leaf.name for leaf in leaves_of(both)] == ["exact", "b"]
    assert (whole_of(check), whole_of(both)) == (None, Leaf(None, "multi", "multi", None))


def test_a_step_tells_what_it_cost():
    """200 tokens in, of them 120 cached, and 40 out; 18 s of machine."""
    clock = Clock()
    clock.seconds.update(sampling=10.0, training=6.0, eval=2.0)
    prices = Prices(machine_hour_usd=2.0, judges={"gpt": JudgePrices(input_usd=1000, cached_usd=100, output_usd=4000)})
    metrics = Metrics(JUDGED.leaves, 5, tariff=Tariff(prices))
    answers = (rollout(0.5, grade=judged(0.5)), rollout(0.0, grade=judged(0.0)))
    ours = metrics.step(1, [Group(item(), answers)], None, LESSON, clock)["burnish"]
    assert ours["judges_usd"] == pytest.approx(0.08 + 0.012 + 0.16)
    assert ours["cost_usd"] == pytest.approx(0.252 + 0.01)
    assert ours["python_grader_seconds"] == 0.0
