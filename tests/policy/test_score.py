import dataclasses
import math
from array import array

import pytest
import torch

from burnish.policy.engine import Engine
from burnish.policy.roles import PolicyGradient
from burnish.policy.score import Scorer, Sums
from tests.policy.asking import answers, every_case, example


@pytest.fixture(scope="module")
def examples(base):
    return [example(completion) for completion in answers(Engine(base), every_case(base))]


def _scorer(base, micro_tokens=4096):
    return Scorer(base.network, base.constraints, micro_tokens)


def test_micro_batches_change_nothing_but_rounding(base, examples):
    whole, cut = _scorer(base).logps(examples), _scorer(base, 100).logps(examples)
    for one, other in zip(whole, cut, strict=True):
        assert one.tolist() == pytest.approx(other.tolist(), abs=1e-4)


def test_micro_batches_are_bounded_and_count_a_shared_prompt_once(base, examples):
    group = [each for each in examples if each.key.line == 20]
    room = len(group[0].prompt_ids) + sum(len(each.output_ids) for each in group)
    assert len(list(_scorer(base, room)._micro_batches(group))) == 1
    assert len(list(_scorer(base, room - 1)._micro_batches(group))) == 2


def test_forced_tokens_have_log_prob_zero(base, examples):
    for each, logp in zip(examples, _scorer(base).logps(examples), strict=True):
        assert [value for value, weight in zip(logp, each.weight, strict=True) if not weight] == pytest.approx(
            [0.0] * each.weight.count(0.0)
        )


def test_without_a_constraint_every_token_competes(base, examples):
    bound = examples[2]
    free = dataclasses.replace(bound, constraint=None)
    (with_mask,), (without,) = _scorer(base).logps([bound]), _scorer(base).logps([free])
    assert all(masked >= plain - 1e-5 for masked, plain in zip(with_mask, without, strict=True))
    assert sum(with_mask) > sum(without) + 1


def test_constrained_and_free_examples_go_in_one_batch(base, examples):
    free = dataclasses.replace(examples[2], constraint=None)
    together = _scorer(base).logps([examples[3], free])
    assert together[1].tolist() == pytest.approx(_scorer(base).logps([free])[0].tolist(), abs=1e-4)


def test_stats_are_sums_over_the_tokens_with_weight(base, examples):
    with torch.enable_grad():
        base.model.requires_grad_(True)
        stats = _scorer(base).backward(
            [dataclasses.replace(each, ref_logp=each.old_logp) for each in examples], PolicyGradient()
        )
        base.model.requires_grad_(False)
        base.model.zero_grad()
    assert stats.tokens == sum(each.weight.count(1.0) for each in examples)
    assert stats.loss == pytest.approx(-stats.tokens, rel=1e-4)  # ratio 1, advantage 1
    assert stats.kl == pytest.approx(0, abs=1e-6)
    assert stats.clipped == 0
    assert 0 < stats.logp_gap_max < 1e-4
    assert 0 < stats.entropy < stats.tokens * math.log(base.vocabulary.size)


def test_an_empty_batch_gives_empty_sums(base):
    assert _scorer(base).logps([]) == []
    assert Sums([], [], [], [], []).stats().tokens == 0


def test_an_example_of_one_token_is_scored(base, examples):
    one = dataclasses.replace(
        examples[0], output_ids=array("q", [70]), weight=array("d", [1]), old_logp=array("d", [-1.0]),
        advantage=array("d", [1]),
    )  # fmt: skip
    assert len(_scorer(base).logps([one])[0]) == 1


def test_every_micro_batch_is_heard(base, examples):
    beats: list[int] = []
    scorer = Scorer(base.network, base.constraints, 100, beat=lambda: beats.append(1))
    scorer.logps(examples)
    assert len(beats) == len(list(scorer._micro_batches(examples))) > 1
