"""Our decoder against transformers' own model in fp64: log-probs and every gradient, to 1e-9.

The reference runs one unpadded sequence after the other through plain autograd; ours runs them packed, their shared
beginning once, in micro-batches.
"""

import asyncio
import dataclasses

import pytest
import torch
from transformers import AutoModelForCausalLM

from burnish.learn.loss import clipped_policy_gradient
from burnish.policy.decoder import Decoder, is_ours
from burnish.policy.engine import Engine
from burnish.policy.kernels.native import kernels
from burnish.policy.kernels.plain import PlainKernels
from burnish.policy.load import Base
from burnish.policy.network import HookedNetwork
from burnish.policy.roles import Adam, PolicyGradient
from burnish.policy.train import LocalTrainer
from tests.policy.asking import answers, every_case, example, learnt
from tests.tiny import write_tiny_model

OURS = ("qwen3", "qwen2", "llama")
LOSS = PolicyGradient(normalizer=7.0)
EXACT = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(params=["plain", "fastest"])
def found(request):
    return PlainKernels() if request.param == "plain" else kernels()


def _examples(base):
    """Answers under every kind of constraint; half of them with ratios that the clip cuts off."""
    completions = answers(Engine(base, max_rows=6), every_case(base, temperature=0.8))
    examples = [example(each, advantage=0.7 - each.key.sample) for each in completions]
    for index, each in enumerate(examples):
        each.old_logp[:] = type(each.old_logp)("d", [logp - 0.4 * (index % 2) for logp in each.old_logp])
    return examples


class _Norm(torch.nn.Module):
    """RMSNorm in the type of its input: transformers' own goes down to fp32."""

    def __init__(self, weight, epsilon):
        super().__init__()
        self.weight, self.epsilon = weight, epsilon

    def forward(self, x):
        return x * (x.square().mean(-1, keepdim=True) + self.epsilon).rsqrt() * self.weight


def _reference(directory):
    """transformers' model in fp64; its eager attention would go down to fp32, too."""
    model = AutoModelForCausalLM.from_pretrained(directory, attn_implementation="sdpa").double().eval()
    norms = [name for name, module in model.named_modules() if type(module).__name__.endswith("RMSNorm")]
    for name in norms:
        module = model.get_submodule(name)
        model.set_submodule(name, _Norm(module.weight, module.variance_epsilon))
    return model


def _plain_loss(base, model, each):
    """The loss of one answer, and its log-probs, by transformers and torch alone."""
    ids = torch.tensor([[*each.prompt_ids, *each.output_ids]])
    logits_PV = model(input_ids=ids, use_cache=False).logits[0, len(each.prompt_ids) - 1 : -1]
    sets = list(base.constraints.named(each.constraint).replay(each.prompt_ids, each.output_ids))
    scaled_PV = (logits_PV / each.temperature).masked_fill(~base.vocabulary.flags(sets), -torch.inf)
    logp_P = torch.log_softmax(scaled_PV, -1)[torch.arange(len(sets)), ids[0, len(each.prompt_ids) :]]
    old_P, advantage_P, weight_P = (
        torch.tensor(part.tolist(), dtype=torch.float64) for part in (each.old_logp, each.advantage, each.weight)
    )
    clipped = clipped_policy_gradient(logp_P, old_P, advantage_P, LOSS.clip_low, LOSS.clip_high)
    counted_P = weight_P > 0
    return (clipped.loss_P[counted_P]).sum() / LOSS.normalizer, logp_P


@pytest.mark.parametrize("architecture", OURS)
def test_all_weights_gradients_are_those_of_plain_autograd(directories, architecture, found):
    base = Base.load(directories[architecture], dtype="float64", with_kernels=found)
    examples = _examples(base)
    trainer = LocalTrainer(base, parameters="full", micro_tokens=150)
    logps = asyncio.run(trainer.forward(examples))
    asyncio.run(trainer.forward_backward(examples, LOSS))
    model = _reference(directories[architecture])
    for each, ours in zip(examples, logps, strict=True):
        loss, theirs = _plain_loss(base, model, each)
        loss.backward()
        torch.testing.assert_close(torch.tensor(ours.tolist(), dtype=torch.float64), theirs.detach(), **EXACT)
    wanted = {name: parameter.grad for name, parameter in model.named_parameters()}
    assert trainer._weights.keys() == wanted.keys()
    for name, master in trainer._weights.items():
        torch.testing.assert_close(master.grad, wanted[name], **EXACT, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("architecture", OURS)
def test_an_adapters_gradients_are_those_of_plain_autograd(directories, architecture, found):
    base = Base.load(directories[architecture], dtype="float64", with_kernels=found)
    trainer = LocalTrainer(base, rank=4, alpha=8.0, micro_tokens=150)
    drawn = learnt(base)
    for name, factors in trainer._adapter.factors.items():
        factors.a_rI.data = drawn.factors[name].a_rI.data.double()
        factors.b_Or.data = drawn.factors[name].b_Or.data.double()
        factors.a_rI.grad = factors.b_Or.grad = None  # those of fp32
    trainer._adapter.version += 1
    examples = _examples(base)
    asyncio.run(trainer.forward_backward(examples, LOSS))
    model = _reference(directories[architecture]).requires_grad_(False)
    leaves = {}
    for name, factors in trainer._adapter.factors.items():
        a_rI, b_Or = (part.detach().clone().requires_grad_() for part in (factors.a_rI, factors.b_Or))
        leaves[name] = (a_rI, b_Or)

        def add(module, inputs, output, a_rI=a_rI, b_Or=b_Or):
            return output + 2.0 * (inputs[0] @ a_rI.t()) @ b_Or.t()

        model.get_submodule(name).register_forward_hook(add)
    for each in examples:
        _plain_loss(base, model, each)[0].backward()
    for name, (a_rI, b_Or) in leaves.items():
        factors = trainer._adapter.factors[name]
        torch.testing.assert_close(factors.a_rI.grad, a_rI.grad, **EXACT)
        torch.testing.assert_close(factors.b_Or.grad, b_Or.grad, **EXACT)


def test_a_frozen_base_gets_no_gradient(directories):
    base = Base.load(directories["qwen3"])
    trainer = LocalTrainer(base, rank=4)
    asyncio.run(trainer.forward_backward([example(each) for each in answers(Engine(base), every_case(base))], LOSS))
    assert all(parameter.grad is None for parameter in base.model.parameters())


def test_it_takes_what_it_knows_and_leaves_the_rest_to_transformers(bases, tmp_path):
    for architecture in OURS:
        assert isinstance(bases[architecture].network, Decoder)
    assert isinstance(bases["gpt2"].network, HookedNetwork)
    stretched = write_tiny_model(tmp_path, rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0})
    assert not is_ours(AutoModelForCausalLM.from_pretrained(stretched))


@pytest.mark.parametrize("architecture", OURS)
def test_in_bf16_it_is_no_further_from_the_truth_than_transformers(directories, architecture):
    base = Base.load(directories[architecture], dtype="bfloat16")
    assert base.network.dtype == torch.bfloat16
    examples = [dataclasses.replace(each, temperature=1.0) for each in _examples(base)]
    ours = asyncio.run(LocalTrainer(base, rank=4).forward(examples))
    exact = _reference(directories[architecture])
    rough = AutoModelForCausalLM.from_pretrained(
        directories[architecture], attn_implementation="eager", dtype=torch.bfloat16
    ).eval()
    with torch.no_grad():
        truth = torch.cat([_plain_loss(base, exact, each)[1] for each in examples])
        theirs = torch.cat([_plain_loss(base, rough, each)[1].double() for each in examples])
    mine = torch.tensor([value for logp in ours for value in logp], dtype=torch.float64)
    assert (mine - truth).abs().mean() < 1.05 * (theirs - truth).abs().mean()


def test_in_bf16_sampler_and_trainer_agree(directories):
    base = Base.load(directories["qwen3"], dtype="bfloat16")
    completions = answers(Engine(base, max_rows=6), every_case(base))
    trained = asyncio.run(LocalTrainer(base, rank=4).forward([example(each) for each in completions]))
    gap = torch.tensor(
        [
            abs(sampled - scored)
            for each, logp in zip(completions, trained, strict=True)
            for sampled, scored in zip(each.logprobs, logp, strict=True)
        ]
    )
    assert gap.mean() < 1e-2
    assert gap.quantile(0.99) < 0.1


def test_steps_too_small_for_bf16_add_up_in_the_masters(directories):
    """A move of 1e-5 is below the resolution of weights near 0.15, and ten of them below that of most."""
    base = Base.load(directories["qwen3"], dtype="bfloat16")
    trainer = LocalTrainer(base, parameters="full")
    name = "model.layers.0.mlp.up_proj.weight"
    before, seen = trainer._weights[name].detach().clone(), dict(base.model.named_parameters())[name].clone()
    examples = [example(each) for each in answers(Engine(base), every_case(base))]

    async def steps():
        for _ in range(3):
            await trainer.forward_backward(examples, LOSS)
            await trainer.optim_step(Adam(lr=1e-5))

    asyncio.run(steps())
    moved = (trainer._weights[name] - before).abs()
    assert trainer._weights[name].dtype == torch.float32
    assert moved.mean() > 1e-5
    after = dict(base.model.named_parameters())[name]
    assert torch.equal(after, trainer._weights[name].bfloat16())
    assert (after == seen).float().mean() > 0.5


def test_it_runs_on_the_hugging_face_models_own_tensors(directories):
    base = Base.load(directories["qwen3"])
    layer = base.model.model.layers[0]
    qkv = base.network.weights.layers[0].qkv.weight_OI
    assert layer.self_attn.q_proj.weight.data_ptr() == qkv.data_ptr()
    assert base.model.lm_head.weight is base.model.model.embed_tokens.weight
