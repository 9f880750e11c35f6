"""TRL's side: its GRPOTrainer under the settings that a CPU user could choose."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from benchmarks.speed.ends import Ends, answer_tokens
from benchmarks.speed.ours import Learning
from benchmarks.speed.reward import Reward
from benchmarks.speed.work import Work


@dataclass(frozen=True, slots=True)
class Setting:
    """How TRL is run."""

    name: str
    weights: torch.dtype
    autocast: bool
    """bf16 autocast over the training pass."""
    compiled: bool
    micro: int = 8
    """Answers of a micro-batch."""


_ALL = (
    Setting("bf16-compile", torch.bfloat16, autocast=False, compiled=True),
    Setting("bf16", torch.bfloat16, autocast=False, compiled=False),
    Setting("autocast-compile", torch.float32, autocast=True, compiled=True),
    Setting("autocast", torch.float32, autocast=True, compiled=False),
    Setting("fp32-compile", torch.float32, autocast=False, compiled=True),
    Setting("fp32", torch.float32, autocast=False, compiled=False),
)


def setting_of(name: str) -> Setting:
    """One by its name; "bf16/32" has micro-batches of 32 answers. Raises `KeyError` for an unknown one."""
    kind, _, micro = name.partition("/")
    known = {setting.name: setting for setting in _ALL}
    return replace(known[kind], micro=int(micro)) if micro else known[kind]


class Generating:
    """Stands in for a model's `generate`: times it, counts its tokens and forces ragged lengths."""

    def __init__(self, model: Any, work: Work, end_id: int) -> None:
        self.plain = model.generate
        """The model's own."""
        self._work = work
        self._end_id = end_id
        self.seconds: list[float] = []
        self.tokens: list[int] = []

    def __call__(self, **inputs: Any) -> Any:
        """What TRL asks for, once a step."""
        started = time.perf_counter()
        ids = inputs["input_ids"]
        lengths = self._work.lengths_at(len(self.seconds)) if self._work.lengths == "ragged" else None
        if lengths is not None:
            if len(lengths) != len(ids):
                raise ValueError(f"TRL generates {len(ids)} answers at a time, not the {len(lengths)} of a step.")
            inputs["logits_processor"] = [Ends(self._end_id, lengths, ids.shape[1])]
        found = self.plain(**inputs)
        self.seconds.append(time.perf_counter() - started)
        self.tokens.append(answer_tokens(found[:, ids.shape[1] :], self._end_id))
        return found


@dataclass(frozen=True, slots=True)
class Theirs:
    """A trainer that is ready to go."""

    trainer: Any
    generating: Generating


def theirs(
    directory: Path,
    work: Work,
    prompts: Sequence[str],
    reward: Reward,
    setting: Setting,
    *,
    steps: int,
    room: Path,
    learning: Learning | None = None,
    callbacks: Sequence[TrainerCallback] = (),
) -> Theirs:
    """TRL's trainer on the same model, prompts and reward; one generation of all answers a step."""
    learning = learning or Learning()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=setting.weights)
    generating = Generating(model, work, tokenizer.eos_token_id)
    model.generate = generating
    trainer = GRPOTrainer(
        model=model,
        args=GRPOConfig(**_arguments(work, setting, learning, steps, room)),
        train_dataset=Dataset.from_dict({"prompt": list(prompts), "line": list(range(len(prompts)))}),
        reward_funcs=_graded(reward),
        processing_class=tokenizer,
        callbacks=list(callbacks),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
        if learning.parameters == "lora"
        else None,
    )
    trainer.remove_callback(PrinterCallback)
    return Theirs(trainer, generating)


def _arguments(work: Work, setting: Setting, learning: Learning, steps: int, room: Path) -> dict[str, Any]:
    """GRPOConfig's; what is not named is TRL's default (on-policy: one update for each generation)."""
    return {
        "output_dir": str(room / "trl"),
        "per_device_train_batch_size": setting.micro,
        "gradient_accumulation_steps": work.rows // setting.micro,
        "num_generations": work.answers,
        "max_completion_length": work.answer_tokens,
        "generation_kwargs": {"min_new_tokens": work.answer_tokens} if work.lengths == "full" else None,
        "beta": 0.0,
        "num_iterations": 1,
        "max_steps": steps,
        "report_to": [],
        "save_strategy": "no",
        "use_cpu": True,
        "bf16": setting.autocast,
        "torch_compile": setting.compiled,
        "gradient_checkpointing": False,
        "temperature": 1.0,
        "learning_rate": learning.lr,
        "lr_scheduler_type": "constant",
        "seed": learning.seed,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


def _graded(reward: Reward) -> Callable[..., list[float]]:
    def graded(completion_ids: list[list[int]], line: list[int], **_: Any) -> list[float]:
        return [reward(number, ids) for number, ids in zip(line, completion_ids, strict=True)]

    return graded
