from array import array

import pytest
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from burnish.starter.encode import Encoded
from burnish.starter.plan import SECOND, Plan
from burnish.starter.pretrain import batches, completion_loss, learning_rate, new_model, train


def _examples(lengths):
    return [Encoded(array("H", [3 + i % 50 for i in range(n)]), n // 2) for n in lengths]


def _tiny_model():
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "intermediate_size": 32, "head_dim": 16}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True}
    return Qwen3ForCausalLM(Qwen3Config(vocab_size=64, **shape, **heads))


def test_the_rate_rises_holds_and_falls_to_two_percent():
    assert learning_rate(25, 0.0, 0.35) == pytest.approx(0.5)
    assert learning_rate(500, 0.34, 0.35) == 1.0
    assert learning_rate(500, 0.675, 0.35) == pytest.approx(0.51)
    assert learning_rate(500, 1.0, 0.35) == pytest.approx(0.02)


def test_every_example_comes_once_and_no_batch_is_too_wide():
    examples = _examples([5, 40, 12, 7, 33, 9, 9, 21] * 20)
    cut = list(batches(examples, Plan(batch_tokens=100)))
    assert sorted(id(one) for batch in cut for one in batch) == sorted(map(id, examples))
    assert all(max(len(one.ids) for one in batch) * len(batch) <= 100 for batch in cut)


def test_a_longer_example_than_a_batch_stands_alone():
    cut = list(batches(_examples([300, 5, 5]), Plan(batch_tokens=100)))
    assert sorted(map(len, cut)) == [1, 2]


def test_only_completions_are_learned():
    model = new_model(0)
    one = _examples([10])[0]
    logits = model(input_ids=torch.tensor([list(one.ids)])).logits[0]
    expected = torch.nn.functional.cross_entropy(logits[4:9], torch.tensor(list(one.ids[5:])))
    assert completion_loss(model, [one]).item() == pytest.approx(expected.item(), abs=1e-5)


def test_padding_changes_no_loss():
    model = new_model(0)
    short, long = _examples([6, 20])
    alone = [completion_loss(model, [one]).item() for one in (short, long)]
    assert completion_loss(model, [short, long]).item() == pytest.approx((3 * alone[0] + 10 * alone[1]) / 13, abs=1e-5)


def test_training_learns_and_is_the_same_twice():
    examples = _examples([12] * 300)
    plan = Plan(batch_tokens=120)
    models = [_tiny_model() for _ in range(2)]
    before = completion_loss(models[0], examples[:2]).item()
    for model in models:
        train(model, examples, 3600, plan, SECOND)
    after = [completion_loss(model, examples[:2]).item() for model in models]
    assert after[0] < before - 0.5
    assert after[0] == after[1]
