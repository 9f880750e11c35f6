import random
from array import array

from burnish.core.rollout import (
    Completion,
    Fault,
    FaultNote,
    Grade,
    Group,
    Item,
    Rollout,
    Sample,
    SampleKey,
    Source,
    TokenUsage,
    total_usage,
)

ITEM = Item(line=1, messages=({"role": "user", "content": "?"},), tools=(), fields={"answer": "yes"})


def rollout(sample, reward):
    key = SampleKey("ftjob-1", "train", 1, 1, sample)
    completion = Completion(
        key=key,
        prompt_ids=array("q", [1, 2]),
        output_ids=array("q", [3]),
        logprobs=array("d", [-0.5]),
        source=array("b", [Source.SAMPLED]),
        allowed_mass=array("d", [1.0]),
        constraint=None,
        temperature=1.0,
        policy_version=0,
        reasoning_tokens=0,
        finish="stop",
    )
    grade = Grade("exact", "string_check", reward)
    return Rollout(key, ITEM, (completion,), Sample("yes", None), grade, None, reward)


def test_keys_are_ordered_by_step_then_line_then_sample_then_turn():
    keys = [
        SampleKey("ftjob-1", "train", 1, 1, 0, 0),
        SampleKey("ftjob-1", "train", 1, 1, 0, 1),
        SampleKey("ftjob-1", "train", 1, 1, 2),
        SampleKey("ftjob-1", "train", 1, 1, 10),
        SampleKey("ftjob-1", "train", 1, 2, 0),
        SampleKey("ftjob-1", "train", 2, 1, 0),
        SampleKey("ftjob-1", "valid", 0, 1, 0),
    ]
    shuffled = keys[:]
    random.Random(0).shuffle(shuffled)
    assert sorted(shuffled) == keys


def test_a_key_finds_what_is_filed_under_it():
    filed = {SampleKey("ftjob-1", "train", 3, 5, 7): "here"}
    assert filed[SampleKey("ftjob-1", "train", 3, 5, 7, 0)] == "here"


def test_only_servers_of_graders_are_our_fault():
    assert {fault.value for fault in Fault if fault.is_ours} == {
        "python_grader_server_error",
        "model_grader_server_error",
    }


def test_the_flags_are_openais():
    assert {fault.value for fault in Fault} == {
        "formula_parse_error",
        "sample_parse_error",
        "truncated_observation_error",
        "unresponsive_reward_error",
        "invalid_variable_error",
        "other_error",
        "python_grader_server_error",
        "python_grader_runtime_error",
        "model_grader_server_error",
        "model_grader_refusal_error",
        "model_grader_parse_error",
    }


def test_a_grade_without_a_score_failed_us_and_a_zero_did_not():
    assert Grade("judge", "score_model", None, (FaultNote(Fault.MODEL_SERVER, "gone"),)).failed_us
    assert not Grade("judge", "score_model", 0.0, (FaultNote(Fault.MODEL_PARSE, "what?"),)).failed_us


def test_a_group_counts_zero_rewards_but_not_missing_ones():
    members = (rollout(0, 0.0), rollout(1, None), rollout(2, 1.0))
    assert Group(ITEM, members).counted == (members[0], members[2])


def test_tokens_add_up_judge_by_judge():
    used = [{"a": TokenUsage(1, 2, 1)}, {}, {"b": TokenUsage(5, 5), "a": TokenUsage(10, 20)}]
    assert total_usage(used) == {"a": TokenUsage(11, 22, 1), "b": TokenUsage(5, 5)}
