"""Supervised training of the starter model on its corpus."""

import json
import logging
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import Qwen3Config, Qwen3ForCausalLM

from burnish.starter.encode import Encoded
from burnish.starter.muon import Muon
from burnish.starter.plan import Plan, Stage
from burnish.starter.tokenizer import MAX_POSITIONS, VOCAB_SIZE

log = logging.getLogger(__name__)

_CHUNK = 4000
"""Examples that are sorted by length together."""
_WARM_UP_STEPS = 50
_LOG_STEPS = 20


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


def train(model: Any, examples: Iterable[Encoded], tokens: int, plan: Plan, stage: Stage) -> None:
    """Train in place on examples of so many tokens, with optimizers of its own.

    In fp32 on a CPU; on a GPU, if the model is there, products are in bf16.
    """
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if all(p is not m for m in matrices)]
    adam = torch.optim.AdamW(others, lr=stage.lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    muon = Muon(matrices, lr=stage.matrix_lr, weight_decay=0.02)
    done = 0
    losses: list[Tensor] = []
    began = time.monotonic()
    model.train()
    for step, batch in enumerate(batches(examples, plan), start=1):
        rate = learning_rate(step, done / tokens, stage.steady)
        adam.param_groups[0]["lr"], muon.param_groups[0]["lr"] = stage.lr * rate, stage.matrix_lr * rate
        with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
            loss = completion_loss(model, batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        adam.step()
        muon.step()
        model.zero_grad()
        done += sum(len(one.ids) for one in batch)
        losses.append(loss.detach())
        if step % _LOG_STEPS == 0:
            recent = round(float(torch.stack(losses).mean()), 4)
            speed = int(done / (time.monotonic() - began))
            log.info(json.dumps({"step": step, "tokens": done, "of": tokens, "loss": recent, "tok_s": speed}))
            losses.clear()
    model.eval()


def learning_rate(step: int, progress: float, steady: float) -> float:
    """The share of the full rate: up over the first steps, level, then down in a line to 2 %."""
    fall = 1.0 if progress < steady else 1 - 0.98 * (progress - steady) / (1 - steady)
    return min(1.0, step / _WARM_UP_STEPS) * fall


def batches(examples: Iterable[Encoded], plan: Plan) -> Iterator[list[Encoded]]:
    """Every example once, in batches of like lengths, in a random order that the seed fixes."""
    rng = random.Random(plan.seed)
    source = iter(examples)
    while chunk := list(islice(source, _CHUNK)):
        cut: list[list[Encoded]] = [[]]
        for one in sorted(chunk, key=lambda one: len(one.ids)):
            if cut[-1] and len(one.ids) * (len(cut[-1]) + 1) > plan.batch_tokens:
                cut.append([])
            cut[-1].append(one)
        rng.shuffle(cut)
        yield from cut


def completion_loss(model: Any, batch: Sequence[Encoded]) -> Tensor:
    """Mean cross entropy over the completions' tokens; the head runs on those positions only.

    Rows are padded on the right, so that causal attention needs no mask.
    """
    rows = [torch.frombuffer(one.ids, dtype=torch.uint16) for one in batch]
    ids_BT = pad_sequence(rows, batch_first=True).long().to(model.device)
    begin_B, end_B = torch.tensor([[one.n_prompt, len(one.ids)] for one in batch], device=model.device).unbind(1)
    place_T = torch.arange(ids_BT.shape[1], device=model.device)
    learned_BT = (place_T >= begin_B[:, None] - 1) & (place_T < end_B[:, None] - 1)
    where = learned_BT.flatten().nonzero().squeeze(1)
    hidden = model.model(input_ids=ids_BT, use_cache=False).last_hidden_state
    logits = model.lm_head(hidden.flatten(0, 1)[where])
    return torch.nn.functional.cross_entropy(logits.float(), ids_BT.flatten()[where + 1])
