"""The network's own rules; and that sampler, trainer and transformers' own pass say the same of every answer."""

import asyncio
from types import SimpleNamespace

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from burnish.core.rollout import Source
from burnish.policy.engine import Engine
from burnish.policy.network import kept_bytes
from burnish.policy.roles import PolicyGradient
from burnish.policy.train import LocalTrainer
from tests.policy.asking import answers, every_case, example, learnt, plain_logps
from tests.policy.conftest import ARCHITECTURES

TOLERANCE = 1e-4


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_base_says_the_same_in_all_three_ways(bases, directories, architecture, temperature):
    base = bases[architecture]
    completions = answers(Engine(base, max_rows=6), every_case(base, temperature))
    plain = AutoModelForCausalLM.from_pretrained(directories[architecture], attn_implementation="eager")
    trainer = LocalTrainer(base, rank=4)
    trained = asyncio.run(trainer.forward([example(completion) for completion in completions]))
    for completion, ours in zip(completions, trained, strict=True):
        assert completion.logprobs.tolist() == pytest.approx(plain_logps(base, plain, completion), abs=TOLERANCE)
        assert completion.logprobs.tolist() == pytest.approx(ours.tolist(), abs=TOLERANCE)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's call, not ours
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_adapter_says_the_same_in_all_three_ways(bases, directories, architecture, tmp_path):
    base = bases[architecture]
    adapter = learnt(base)
    adapter.write(tmp_path / "adapter", "tiny", base.routing.is_transposed)
    engine = Engine(base, max_rows=6)
    engine.attach("tuned", tmp_path / "adapter")
    completions = answers(engine, every_case(base), "tuned")
    plain = AutoModelForCausalLM.from_pretrained(directories[architecture], attn_implementation="eager")
    tuned = peft.PeftModel.from_pretrained(plain, tmp_path / "adapter").eval()
    trainer = LocalTrainer(base, rank=4, alpha=8.0)
    for name, factors in trainer._adapter.factors.items():
        factors.a_rI.data.copy_(adapter.factors[name].a_rI)
        factors.b_Or.data.copy_(adapter.factors[name].b_Or)
    trained = asyncio.run(trainer.forward([example(completion) for completion in completions]))
    for completion, ours in zip(completions, trained, strict=True):
        assert completion.logprobs.tolist() == pytest.approx(plain_logps(base, tuned, completion), abs=TOLERANCE)
        assert completion.logprobs.tolist() == pytest.approx(ours.tolist(), abs=TOLERANCE)


def test_the_cases_are_what_they_are_called(base):
    completions = answers(Engine(base), every_case(base))
    sources = {source for completion in completions for source in completion.source}
    assert sources == {Source.SAMPLED, Source.FORCED_GRAMMAR, Source.FORCED_BUDGET}
    assert {completion.finish for completion in completions} == {"stop", "length"}


def test_every_sampled_token_was_allowed(base):
    for completion in answers(Engine(base), every_case(base)):
        constraint = base.constraints.named(completion.constraint)
        sets = list(constraint.replay(completion.prompt_ids, completion.output_ids))
        flags_PV = base.vocabulary.flags(sets)
        assert flags_PV[torch.arange(len(sets)), torch.tensor(completion.output_ids)].all()


def test_gradients_are_those_of_the_plain_model(directories, bases):
    base = bases["qwen3"]
    completions = answers(Engine(base), every_case(base))
    trainer = LocalTrainer(base, rank=4, alpha=8.0, seed=3, micro_tokens=200)
    adapter = learnt(base, seed=3)
    for name, factors in trainer._adapter.factors.items():
        factors.a_rI.data.copy_(adapter.factors[name].a_rI)
        factors.b_Or.data.copy_(adapter.factors[name].b_Or)
    examples = [example(completion, advantage=0.5) for completion in completions]
    old = asyncio.run(trainer.forward(examples))
    for each, logp in zip(examples, old, strict=True):
        each.old_logp[:] = logp
    asyncio.run(trainer.forward_backward(examples, PolicyGradient(normalizer=10.0)))
    ours = {name: factors.a_rI.grad.clone() for name, factors in trainer._adapter.factors.items()}

    plain = AutoModelForCausalLM.from_pretrained(directories["qwen3"], attn_implementation="eager")
    grads = _plain_gradients(base, plain, adapter, examples)
    for name, grad in grads.items():
        torch.testing.assert_close(ours[name], grad, rtol=1e-3, atol=1e-5)


def _plain_gradients(base, plain, adapter, examples):
    """d/dA of -0.5 / 10 * sum of log-probs, one unpadded sequence after the other, LoRA written out by hand."""
    leaves = {name: factors.a_rI.detach().clone().requires_grad_() for name, factors in adapter.factors.items()}
    for name, a_rI in leaves.items():
        b_Or = adapter.factors[name].b_Or.detach()

        def add(module, inputs, output, a_rI=a_rI, b_Or=b_Or):
            return output + adapter.scale * (inputs[0] @ a_rI.t()) @ b_Or.t()

        plain.get_submodule(name).register_forward_hook(add)
    for each in examples:
        ids = torch.tensor([[*each.prompt_ids, *each.output_ids]])
        logits_PV = plain(input_ids=ids, use_cache=False).logits[0, len(each.prompt_ids) - 1 : -1]
        sets = list(base.constraints.named(each.constraint).replay(each.prompt_ids, each.output_ids))
        masked_PV = logits_PV.masked_fill(~base.vocabulary.flags(sets), -torch.inf)
        logp_P = torch.log_softmax(masked_PV, -1)[torch.arange(len(sets)), ids[0, len(each.prompt_ids) :]]
        weight_P = torch.tensor(each.weight).bool()
        (-0.05 * logp_P[weight_P].sum()).backward()
    return {name: leaf.grad for name, leaf in leaves.items()}


def test_what_a_token_leaves_for_its_way_back():
    config = SimpleNamespace(
        hidden_size=8, num_attention_heads=4, num_key_value_heads=2, head_dim=2, intermediate_size=10
    )
    # Two residuals of 8 in fp32; 8 queries and twice 4 keys and values, twice, 8 gathered, 20 of gate and up in bf16.
    assert kept_bytes(config, torch.bfloat16) == 2 * 8 * 4 + (2 * 16 + 8 + 20) * 2
    assert kept_bytes(config, torch.float64) == (2 * 8 + 2 * 16 + 8 + 20) * 8
