"""Supervised training of the starter model on its corpus, stage by stage."""

import json
import logging
import random
import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen3Config, Qwen3ForCausalLM

from burnish.starter.corpus import Example
from burnish.starter.muon import Muon
from burnish.starter.plan import Plan, Stage
from burnish.starter.tokenizer import MAX_POSITIONS, VOCAB_SIZE

log = logging.getLogger(__name__)

_CHUNK = 4000
"""Examples that are sorted by length together."""
_WARM_UP_STEPS = 50
_LOG_STEPS = 20


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as ids."""

    ids: "array[int]"
    n_prompt: int


def new_model(seed: int) -> Qwen3ForCausalLM:
    """The starter model before training: 3.5 M parameters."""
    torch.manual_seed(seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCAB_SIZE,
            hidden_size=256,
            num_hidden_layers=4,
            intermediate_size=704,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            tie_word_embeddings=True,
            max_position_embeddings=MAX_POSITIONS,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
            bos_token_id=None,
            eos_token_id=2,
            pad_token_id=0,
        )
    )


def encode(tokenizer: Any, examples: Iterable[Example], tokens: int) -> list[Encoded]:
    """Examples as ids, until they are that many tokens."""
    encoded: list[Encoded] = []
    total = 0
    source = iter(examples)
    while total < tokens:
        some = list(islice(source, 1000))
        prompts = tokenizer([one.prompt for one in some])["input_ids"]
        completions = tokenizer([one.completion for one in some])["input_ids"]
        for prompt, completion in zip(prompts, completions, strict=True):
            if total < tokens:
                encoded.append(Encoded(array("q", prompt + completion), len(prompt)))
                total += len(encoded[-1].ids)
    return encoded


def train(
    model: Any,
    examples: Sequence[Encoded],
    plan: Plan,
    stage: Stage,
    save: Callable[[int], None],
    save_minutes: float = 10.0,
) -> None:
    """Train in place for a stage; `save` is called with the step now and then, never at the end."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    adam = torch.optim.AdamW(others, lr=stage.lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    muon = Muon(matrices, lr=stage.matrix_lr, weight_decay=0.02)
    todo, done, losses = sum(len(one.ids) for one in examples), 0, []
    began = saved = time.monotonic()
    model.train()
    for step, batch in enumerate(islice(batches(examples, plan), stage.steps), start=1):
        rate = learning_rate(step, done / todo, stage.steady)
        adam.param_groups[0]["lr"], muon.param_groups[0]["lr"] = stage.lr * rate, stage.matrix_lr * rate
        loss = completion_loss(model, batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        adam.step()
        muon.step()
        model.zero_grad()
        done += sum(len(one.ids) for one in batch)
        losses.append(loss.item())
        if step % _LOG_STEPS == 0:
            recent = sum(losses[-_LOG_STEPS:]) / _LOG_STEPS
            speed = done / (time.monotonic() - began)
            log.info(
                json.dumps({"step": step, "tokens": done, "of": todo, "loss": round(recent, 4), "tok_s": int(speed)})
            )
        if time.monotonic() - saved > save_minutes * 60:
            save(step)
            saved = time.monotonic()
    model.eval()


def learning_rate(step: int, progress: float, steady: float) -> float:
    """The share of the full rate: up over the first steps, level, then down in a line to 2 %."""
    fall = 1.0 if progress < steady else 1 - 0.98 * (progress - steady) / (1 - steady)
    return min(1.0, step / _WARM_UP_STEPS) * fall


def batches(examples: Sequence[Encoded], plan: Plan) -> Iterator[list[Encoded]]:
    """Every example once, in batches of like lengths, in a random order that the seed fixes."""
    rng = random.Random(plan.seed)
    for start in range(0, len(examples), _CHUNK):
        cut: list[list[Encoded]] = [[]]
        for one in sorted(examples[start : start + _CHUNK], key=lambda one: len(one.ids)):
            if cut[-1] and len(one.ids) * (len(cut[-1]) + 1) > plan.batch_tokens:
                cut.append([])
            cut[-1].append(one)
        rng.shuffle(cut)
        yield from cut


def completion_loss(model: Any, batch: Sequence[Encoded]) -> Tensor:
    """Mean cross entropy over the completions' tokens; the head runs on those positions only.

    Rows are padded on the right, so that causal attention needs no mask.
    """
    width = max(len(one.ids) for one in batch)
    ids_BT = torch.zeros(len(batch), width, dtype=torch.long)
    places: list[int] = []
    for row, one in enumerate(batch):
        ids_BT[row, : len(one.ids)] = torch.tensor(one.ids)
        places.extend(range(row * width + one.n_prompt - 1, row * width + len(one.ids) - 1))
    where = torch.tensor(places)
    hidden = model.model(input_ids=ids_BT, use_cache=False).last_hidden_state
    logits = model.lm_head(hidden.reshape(-1, hidden.shape[-1])[where])
    return torch.nn.functional.cross_entropy(logits, ids_BT.reshape(-1)[where + 1])
