"""Seconds per GRPO step against TRL's GRPOTrainer, step by step in one process: `make bench`.

8 prompts x 8 answers, 64 prompt and at most 128 answer tokens, temperature 1, full weights in fp32, one update per
batch, no KL, a trivial reward. Both sample from the same random weights and may stop at the end token. Ours runs in
TRL's `on_step_end`, outside the time that is counted for TRL; the first step of each is dropped, medians of the rest.
TRL's settings to beat are its fastest on this machine: give several with --trl and see.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from benchmarks.shapes import SHAPES, Shape, prompts, write_model
from burnish.core.rollout import Completion, Grade, Group, Item, Rollout, Sample, SampleKey
from burnish.learn.advantage import credit
from burnish.learn.batch import examples_of
from burnish.policy.load import Base
from burnish.policy.roles import Adam, PolicyGradient, Request
from burnish.policy.train import LocalTrainer

PROMPTS, ANSWERS, PROMPT_TOKENS, ANSWER_TOKENS = 8, 8, 64, 128
LR = 1e-6
TRL_SETTINGS: dict[str, dict[str, Any]] = {
    "fp32": {},
    "fp32-micro": {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 8},
    "fp32-micro-compile": {
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 8,
        "torch_compile": True,
    },
}
"""bf16 is not among them: without AMX or AVX512-BF16 it is many times slower than fp32 on a CPU."""


def reward(tokens: list[int]) -> float:
    """Anything that varies."""
    return float(sum(token % 7 for token in tokens[:8])) / 48


class Ours:
    """Burnish's step on the same shape."""

    def __init__(self, directory: Path, shape: Shape, threads: int) -> None:
        self._trainer = LocalTrainer(Base.load(directory, threads=threads), parameters="full")
        self._prompts = prompts(shape, 64, PROMPT_TOKENS)
        self._loop = asyncio.new_event_loop()
        self.sampling: list[float] = []
        self.training: list[float] = []
        self.tokens: list[int] = []

    def step(self, number: int) -> None:
        """Sample, grade, learn."""
        self._loop.run_until_complete(self._step(number))

    async def _step(self, number: int) -> None:
        started = time.perf_counter()
        requests = [
            Request(
                SampleKey("bench", "train", number, line, sample),
                array("q", self._prompts[(number * PROMPTS + line) % len(self._prompts)]),
                max_tokens=ANSWER_TOKENS,
                reasoning_tokens=0,
            )
            for line in range(PROMPTS)
            for sample in range(ANSWERS)
        ]
        answers = [answer async for answer in (await self._trainer.sampler()).sample(requests)]
        sampled = time.perf_counter()
        groups = [_group([answer for answer in answers if answer.key.line == line]) for line in range(PROMPTS)]
        examples = examples_of(credit(groups, reward_range=1.0, baseline="grpo").credits)
        loss = PolicyGradient(normalizer=float(PROMPTS * ANSWERS * ANSWER_TOKENS))
        await self._trainer.forward_backward(examples, loss)
        await self._trainer.optim_step(Adam(LR))
        self.sampling.append(sampled - started)
        self.training.append(time.perf_counter() - sampled)
        self.tokens.append(sum(len(answer.output_ids) for answer in answers))


def _group(answers: list[Completion]) -> Group:
    item = Item(answers[0].key.line, (), (), {})
    rollouts = []
    for answer in sorted(answers, key=lambda answer: answer.key):
        score = reward(list(answer.output_ids))
        grade = Grade("reward", "string_check", score)
        rollouts.append(Rollout(answer.key, item, (answer,), Sample("", None), grade, None, score))
    return Group(item, tuple(rollouts))


class Interleave(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for mypy
    """Times TRL's step and puts ours between two of them."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._started = 0.0
        self.trl: list[float] = []

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """TRL's clock starts with its first step; later ones start where ours ended."""
        self._started = self._started or time.perf_counter()

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Stop TRL's clock, take our step, start it again."""
        self.trl.append(time.perf_counter() - self._started)
        self._ours.step(int(state.global_step))
        self._started = time.perf_counter()


def compare(shape: Shape, setting: str, steps: int, threads: int, directory: Path) -> str:
    """One line of the table."""
    model = write_model(shape, directory / shape.name)
    torch.set_num_threads(threads)
    ours = Ours(model, shape, threads)
    words = [" ".join(f"w{token}" for token in row) for row in prompts(shape, 64, PROMPT_TOKENS)]
    interleave = Interleave(ours)
    config = {
        "output_dir": str(directory / "trl"),
        "per_device_train_batch_size": PROMPTS * ANSWERS,
        "gradient_accumulation_steps": 1,
        "num_generations": ANSWERS,
        "max_completion_length": ANSWER_TOKENS,
        "beta": 0.0,
        "num_iterations": 1,
        "max_steps": steps,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "temperature": 1.0,
        "learning_rate": LR,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        args=GRPOConfig(**(config | TRL_SETTINGS[setting])),
        train_dataset=Dataset.from_dict({"prompt": words}),
        reward_funcs=lambda completion_ids, **_: [reward(list(each)) for each in completion_ids],
        processing_class=AutoTokenizer.from_pretrained(model),
        callbacks=[interleave],
    )
    trainer.train()
    return _row(shape, setting, interleave.trl[1:], ours)


def _row(shape: Shape, setting: str, trl: list[float], ours: Ours) -> str:
    sampling, training = statistics.median(ours.sampling[1:]), statistics.median(ours.training[1:])
    tokens = statistics.median(ours.tokens[1:])
    total = [a + b for a, b in zip(ours.sampling[1:], ours.training[1:], strict=True)]
    ratio = statistics.median(theirs / mine for theirs, mine in zip(trl, total, strict=True))
    theirs_s, ours_s = statistics.median(trl), statistics.median(total)
    return (
        f"| {shape.name} | {setting} | {theirs_s:.2f} s | {ours_s:.2f} s | **{ratio:.2f}** "
        f"| {tokens / sampling:.0f} | {tokens / training:.0f} |"
    )


def main() -> None:
    """Print the table."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--shape", choices=SHAPES, default="S")
    flags.add_argument("--trl", nargs="+", choices=TRL_SETTINGS, default=list(TRL_SETTINGS))
    flags.add_argument("--steps", type=int, default=5)
    flags.add_argument("--threads", type=int, default=1)
    given = flags.parse_args()
    print("| shape | TRL's setting | TRL, a step | ours, a step | ratio | ours: sampled tok/s | ours: trained tok/s |")
    print("|---|---|---|---|---|---|---|")
    for setting in given.trl:
        with tempfile.TemporaryDirectory() as directory:
            print(compare(SHAPES[given.shape], setting, given.steps, given.threads, Path(directory)), flush=True)


if __name__ == "__main__":
    main()
