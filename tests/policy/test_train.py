import asyncio
import dataclasses
import shutil
from array import array

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from burnish.core.errors import BurnishError
from burnish.policy.adapter import Adapter
from burnish.policy.folder import write_folder
from burnish.policy.load import Base
from burnish.policy.roles import Adam, PolicyGradient
from burnish.policy.train import KEPT_BYTES, LEAST_TOKENS, MOST_TOKENS, LocalTrainer
from tests.policy.asking import ask, example

LOSS = PolicyGradient(normalizer=50.0)


@pytest.fixture
def base(directories):
    """A base of its own: full-weight training changes it."""
    return Base.load(directories["qwen3"])


async def _step(trainer, base, step):
    """Sample, score some answers well and some badly, learn; everything that came of it."""
    requests = [
        dataclasses.replace(request, key=dataclasses.replace(request.key, step=step))
        for request in (ask(base, line, sample, max_tokens=20) for line in (1, 2) for sample in range(3))
    ]
    completions = [completion async for completion in (await trainer.sampler()).sample(requests)]
    completions.sort(key=lambda completion: completion.key)
    examples = [example(completion, completion.key.sample - 1.0) for completion in completions]
    reference = await trainer.forward(examples, reference=True)
    examples = [dataclasses.replace(each, ref_logp=logp) for each, logp in zip(examples, reference, strict=True)]
    stats = await trainer.forward_backward(examples, dataclasses.replace(LOSS, kl=0.01))
    return completions, stats, await trainer.optim_step(Adam(lr=1e-2))


@pytest.mark.parametrize("parameters", ["lora", "full"])
def test_a_restored_trainer_goes_on_bit_for_bit(directories, tmp_path, parameters):
    async def unbroken():
        base = Base.load(directories["qwen3"])
        trainer = LocalTrainer(base, parameters=parameters, rank=4)
        await _step(trainer, base, 1)
        snapshot = await trainer.snapshot(tmp_path / "snapshot")
        return snapshot, await _step(trainer, base, 2), await _step(trainer, base, 3)

    async def resumed(snapshot):
        base = Base.load(directories["qwen3"])
        trainer = LocalTrainer(base, parameters=parameters, rank=4, seed=99)
        await trainer.restore(snapshot)
        return await _step(trainer, base, 2), await _step(trainer, base, 3)

    snapshot, *expected = asyncio.run(unbroken())
    assert list(asyncio.run(resumed(snapshot))) == expected


def test_two_runs_are_equal(directories):
    def run():
        base = Base.load(directories["qwen3"])
        return asyncio.run(_step(LocalTrainer(base, rank=4), base, 1))

    assert run() == run()


@pytest.mark.parametrize("parameters", ["lora", "full"])
def test_learning_makes_good_answers_likelier_and_leaves_the_reference(base, parameters):
    async def learn():
        trainer = LocalTrainer(base, parameters=parameters, rank=4)
        completions = [
            completion
            async for completion in (await trainer.sampler()).sample([ask(base, 1, sample) for sample in range(2)])
        ]
        examples = [example(completion, 1.0 if completion.key.sample else -1.0) for completion in completions]
        reference = await trainer.forward(examples, reference=True)
        for _ in range(3):
            await trainer.forward_backward(examples, LOSS)
            await trainer.optim_step(Adam(lr=3e-3))
        return examples, await trainer.forward(examples), reference, await trainer.forward(examples, reference=True)

    examples, after, reference, reference_after = asyncio.run(learn())
    for each, logp, ref, ref_after in zip(examples, after, reference, reference_after, strict=True):
        assert (sum(logp) > sum(each.old_logp)) == (each.advantage[0] > 0)
        assert ref.tolist() == pytest.approx(each.old_logp.tolist(), abs=1e-4)
        assert ref_after == ref


def test_log_probs_come_in_the_order_of_the_examples(base):
    async def both():
        trainer = LocalTrainer(base, rank=4)
        completions = [c async for c in (await trainer.sampler()).sample([ask(base, line) for line in (1, 2, 3)])]
        examples = [example(each) for each in completions]
        return await trainer.forward(examples), await trainer.forward(examples[::-1])

    forwards, backwards = asyncio.run(both())
    assert forwards == backwards[::-1]


def test_gradients_accumulate_until_the_step(base):
    async def norms():
        trainer = LocalTrainer(base, rank=4)
        completions = [completion async for completion in (await trainer.sampler()).sample([ask(base)])]
        examples = [example(each) for each in completions]
        await trainer.forward_backward(examples, LOSS)
        once = await trainer.optim_step(Adam(lr=0.0))
        await trainer.forward_backward(examples, LOSS)
        await trainer.forward_backward(examples, LOSS)
        return once.grad_norm, (await trainer.optim_step(Adam(lr=0.0))).grad_norm

    once, twice = asyncio.run(norms())
    assert twice == pytest.approx(2 * once, rel=1e-4)


def test_the_first_adam_step_moves_every_weight_by_the_learning_rate(base):
    async def moved():
        trainer = LocalTrainer(base, rank=4)
        before = {name: tensor.clone() for name, tensor in trainer._adapter.tensors().items()}
        completions = [completion async for completion in (await trainer.sampler()).sample([ask(base)])]
        await trainer.forward_backward([example(each) for each in completions], LOSS)
        await trainer.optim_step(Adam(lr=1e-3, grad_clip=1e9))
        return max((tensor - before[name]).abs().max() for name, tensor in trainer._adapter.tensors().items())

    assert asyncio.run(moved()) == pytest.approx(1e-3, rel=1e-2)


def test_a_published_adapter_is_the_one_that_sampled(base, tmp_path):
    async def publish():
        trainer = LocalTrainer(base, rank=4)
        await _step(trainer, base, 1)
        return trainer, await trainer.publish(tmp_path / "tuned")

    trainer, artifact = asyncio.run(publish())
    assert artifact.kind == "lora"
    assert artifact.files.keys() == {"adapter_config.json", "adapter_model.safetensors"}
    again = Adapter.read(artifact.directory, base.routing.targets)
    for name, tensor in trainer._adapter.tensors().items():
        assert torch.equal(again.tensors()[name], tensor)


def test_a_published_full_model_is_a_base_of_its_own(base, tmp_path):
    async def publish():
        trainer = LocalTrainer(base, parameters="full")
        await _step(trainer, base, 1)
        return await trainer.publish(tmp_path / "tuned")

    artifact = asyncio.run(publish())
    assert artifact.kind == "full"
    again = AutoModelForCausalLM.from_pretrained(artifact.directory)
    for name, weight in base.model.named_parameters():
        assert torch.equal(again.get_parameter(name), weight)
    assert Base.load(artifact.directory).vocabulary.digest() == base.vocabulary.digest()


def test_a_snapshot_from_before_the_moments_were_kept_is_gone_back_to(base, tmp_path):
    async def main():
        trainer = LocalTrainer(base, rank=4)
        fresh = {name: weight.detach().clone() for name, weight in trainer._weights.items()}
        snapshot = await trainer.snapshot(tmp_path / "snapshot")
        tensors = load_file(tmp_path / "snapshot" / "trainer.safetensors")
        tensors = {name: each for name, each in tensors.items() if name.startswith("weight:")}
        older = tmp_path / "older"
        shutil.copytree(tmp_path / "snapshot", older)
        save_file(tensors, older / "trainer.safetensors")
        files = write_folder(tmp_path / "again", lambda aside: shutil.copytree(older, aside, dirs_exist_ok=True))
        first = await _step(trainer, base, 1)
        await trainer.restore(dataclasses.replace(snapshot, directory=tmp_path / "again", files=files))
        assert all(torch.equal(weight, fresh[name]) for name, weight in trainer._weights.items())
        assert await _step(trainer, base, 1) == first

    asyncio.run(main())


def test_a_micro_batch_keeps_about_so_much(base):
    base.kept_bytes = KEPT_BYTES // 2000
    assert LocalTrainer(base)._micro_tokens == 2000
    base.kept_bytes = KEPT_BYTES // 10
    assert LocalTrainer(base)._micro_tokens == LEAST_TOKENS
    base.kept_bytes = 1
    assert LocalTrainer(base)._micro_tokens == MOST_TOKENS
    assert LocalTrainer(base, micro_tokens=7)._micro_tokens == 7


def test_a_snapshot_of_other_weights_is_refused(base, tmp_path):
    async def mix():
        snapshot = await LocalTrainer(base, rank=4).snapshot(tmp_path / "snapshot")
        await LocalTrainer(base, parameters="full").restore(snapshot)

    with pytest.raises(BurnishError, match="other weights"):
        asyncio.run(mix())


def test_a_damaged_snapshot_is_refused(base, tmp_path):
    async def damage():
        trainer = LocalTrainer(base, rank=4)
        snapshot = await trainer.snapshot(tmp_path / "snapshot")
        (tmp_path / "snapshot" / "state.json").write_text("{}")
        await trainer.restore(snapshot)

    with pytest.raises(BurnishError, match="not what was written"):
        asyncio.run(damage())


def test_no_snapshot_is_taken_with_a_gradient_under_way(base, tmp_path):
    async def half_way():
        trainer = LocalTrainer(base, rank=4)
        completions = [completion async for completion in (await trainer.sampler()).sample([ask(base)])]
        await trainer.forward_backward([example(each) for each in completions], LOSS)
        await trainer.snapshot(tmp_path / "snapshot")

    with pytest.raises(BurnishError, match="between optimizer steps"):
        asyncio.run(half_way())


def test_a_gradient_that_is_not_finite_changes_nothing(base):
    async def broken():
        trainer = LocalTrainer(base, rank=4)
        before = {name: tensor.clone() for name, tensor in trainer._adapter.tensors().items()}
        completions = [completion async for completion in (await trainer.sampler()).sample([ask(base)])]
        await trainer.forward_backward([example(completions[0], advantage=float("inf"))], LOSS)
        with pytest.raises(BurnishError, match="not finite"):
            await trainer.optim_step(Adam(lr=0.1))
        return before, trainer._adapter.tensors()

    before, after = asyncio.run(broken())
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_versions_count_the_optimizer_steps(base):
    async def versions():
        trainer = LocalTrainer(base, rank=4)
        completions, _, first = await _step(trainer, base, 1)
        later, _, second = await _step(trainer, base, 2)
        return completions[0].policy_version, first.policy_version, later[0].policy_version, second.policy_version

    assert asyncio.run(versions()) == (0, 1, 1, 2)


def test_tokens_without_weight_have_no_gradient(base):
    async def norm():
        trainer = LocalTrainer(base, rank=4)
        completions = [completion async for completion in (await trainer.sampler()).sample([ask(base)])]
        each = example(completions[0])
        stats = await trainer.forward_backward(
            [dataclasses.replace(each, weight=array("d", [0.0] * len(each.weight)))], LOSS
        )
        return stats.tokens, (await trainer.optim_step(Adam(lr=0.1))).grad_norm

    assert asyncio.run(norm()) == (0, 0.0)
