"""Time to a reward: both sides learn security review, a step of each in turn, on the same rows with the same reward.

Both train all weights, kept in fp32, at a constant learning rate. Every second step both answer the same held-out rows,
outside their clocks: ours with its own sampler, TRL's model with transformers' `generate`. No grammar on either side.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import torch
from transformers import AutoTokenizer, TrainerCallback

from benchmarks.speed.ours import Learning, Ours, OurStep, load
from benchmarks.speed.race import GAIN, INTERVAL
from benchmarks.speed.reward import Reward, SecurityReview
from benchmarks.speed.shapes import SHAPES, STARTER, write_model
from benchmarks.speed.trl import Generating, setting_of, theirs
from benchmarks.speed.work import REVIEW, prompt_of, questions
from burnish.core.rollout import SampleKey
from burnish.policy.roles import Request

TRAIN_ROWS, VALID_ROWS, VALID_SAMPLES = 240, 48, 4


@dataclass(frozen=True, slots=True)
class LearningCase:
    """One run of both sides."""

    trl: str
    """Its setting."""
    seed: int
    ours_lr: float
    trl_lr: float
    rounds: int
    """Most steps."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Both sides' seconds and rewards by step, and their validation rewards."""
        directory = write_model(SHAPES[STARTER], room)
        tokenizer = AutoTokenizer.from_pretrained(directory)
        train = questions(TRAIN_ROWS)
        prompts = [prompt_of(tokenizer, row) for row in train]
        reward = SecurityReview(tokenizer, train)
        ours = Ours(load(directory), REVIEW, prompts, reward, Learning("full", self.ours_lr, self.seed))
        race = Race(ours, Exam.of(tokenizer), self.seed)
        run = theirs(
            directory,
            REVIEW,
            prompts,
            reward,
            setting_of(self.trl),
            steps=self.rounds,
            room=room,
            learning=Learning("full", self.trl_lr, self.seed),
            callbacks=[race],
        )
        race.generating = run.generating
        run.trainer.train()
        return {
            "ours": [asdict(step) | {"seconds": step.seconds} for step in race.ours_steps],
            "trl_s": race.trl_s,
            "base": race.base,
            "ours_valid": race.ours_valid,
            "trl_valid": race.trl_valid,
        }


@dataclass(slots=True)
class Exam:
    """Held-out rows."""

    prompts: Sequence[str]
    reward: Reward
    tokenizer: Any

    @classmethod
    def of(cls, tokenizer: Any) -> "Exam":
        """Of security review."""
        asked = questions(VALID_ROWS, "valid")
        tokenizer.padding_side = "left"
        return cls([prompt_of(tokenizer, row) for row in asked], SecurityReview(tokenizer, asked), tokenizer)

    def ours(self, side: Ours) -> float:
        """The mean reward of our present weights; every pass draws the same random numbers."""
        requests = [
            Request(
                SampleKey("exam", "valid", 0, line, sample),
                side.encoded(text),
                max_tokens=REVIEW.answer_tokens,
                reasoning_tokens=REVIEW.answer_tokens,
            )
            for line, text in enumerate(self.prompts)
            for sample in range(VALID_SAMPLES)
        ]
        return fmean(self.reward(answer.key.line, answer.output_ids) for answer in side.answer(requests))

    @torch.inference_mode()
    def theirs(self, generating: Generating) -> float:
        """The mean reward of TRL's present weights."""
        inputs = self.tokenizer(list(self.prompts), return_tensors="pt", padding=True)
        found = generating.plain(
            **inputs,
            max_new_tokens=REVIEW.answer_tokens,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            num_return_sequences=VALID_SAMPLES,
        )
        answers = found[:, inputs["input_ids"].shape[1] :].tolist()
        return fmean(self.reward(index // VALID_SAMPLES, ids) for index, ids in enumerate(answers))


@dataclass(slots=True)
class Race(TrainerCallback):  # type: ignore[misc]  # transformers is not typed for mypy
    """Puts a step of ours behind each of TRL's, until both have gained enough."""

    ours: Ours
    exam: Exam
    seed: int
    generating: Generating | None = None
    base: float = 0.0
    """The validation reward before any step, the same for both."""
    trl_s: list[float] = field(default_factory=list)
    ours_steps: list[OurStep] = field(default_factory=list)
    ours_valid: list[float] = field(default_factory=list)
    """After every `INTERVAL` steps."""
    trl_valid: list[float] = field(default_factory=list)
    _started: float = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """How good the base is."""
        self.base = self.exam.ours(self.ours)
        self._started = perf_counter()

    def on_step_end(self, _args: Any, state: Any, control: Any, *_: Any, **__: Any) -> None:
        """Stop TRL's clock, take our step, look at both; start TRL's clock."""
        self.trl_s.append(perf_counter() - self._started)
        step = int(state.global_step)
        self.ours_steps.append(self.ours.step(step, self._rows(step)))
        if step % INTERVAL == 0:
            assert self.generating is not None
            self.ours_valid.append(self.exam.ours(self.ours))
            self.trl_valid.append(self.exam.theirs(self.generating))
            goal = self.base + GAIN
            if max(self.ours_valid) >= goal and max(self.trl_valid) >= goal:
                control.should_training_stop = True
        self._started = perf_counter()

    def _rows(self, step: int) -> list[int]:
        """Each epoch is every row once, in an order drawn from the seed."""
        epoch, place = divmod((step - 1) * REVIEW.prompts, TRAIN_ROWS)
        order = list(range(TRAIN_ROWS))
        random.Random(f"{self.seed}:{epoch}").shuffle(order)
        return order[place : place + REVIEW.prompts]
