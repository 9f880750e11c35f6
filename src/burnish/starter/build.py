"""Builds the starter model from nothing: `python -m burnish.starter.build --out DIR`."""

import argparse
import dataclasses
import hashlib
import json
import logging
import random
import shutil
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from burnish.starter.corpus import corpus
from burnish.starter.plan import Plan, Stage
from burnish.starter.pretrain import encode, new_model, train
from burnish.starter.tokenizer import IM_END, chat_template, train_tokenizer

log = logging.getLogger(__name__)

LORA_LR, FULL_LR = 3e-3, 4.5e-4
REASONING_TOKENS, ANSWER_TOKENS = 96, 96
"""Most tokens of an answer's two parts: the longest demonstrations have 51 and 37."""
"""Learning rates for reinforcement that the study of the prototype found to work."""
MANIFEST = "MANIFEST.json"


def build(plan: Plan, out: Path, begin: int = 1) -> None:
    """Corpus, tokenizer, model, training; leaves a directory that transformers loads.

    The same plan gives the same weights on the same machine and torch, at one thread. `begin` skips the stages before
    it: their last one must stand in `out` as an earlier build left it.
    """
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    some = islice(corpus(_template_only(), plan.seed, plan.stages[0]), plan.tokenizer_examples)
    tokenizer = train_tokenizer(example.prompt + example.completion for example in some)
    model = new_model(plan.seed)
    for number, stage in enumerate(plan.stages, start=1):
        left = out / f"stage-{number}"
        if number >= begin:
            _run(model, tokenizer, plan, stage, number, left)
        if number >= begin - 1:
            model = AutoModelForCausalLM.from_pretrained(left, dtype=torch.float32)
    save(model, tokenizer, plan, out, done=True)
    log.info("built in %.0f s", time.monotonic() - began)


def _run(model: Any, tokenizer: PreTrainedTokenizerFast, plan: Plan, stage: Stage, number: int, left: Path) -> None:
    examples = encode(tokenizer, corpus(tokenizer, plan.seed + number, stage), stage.tokens)
    random.Random(plan.seed).shuffle(examples)
    log.info("stage %d: %d examples", number, len(examples))
    train(
        model,
        examples,
        plan,
        stage,
        lambda step: save(model, tokenizer, plan, left.with_name(f"{left.name}-step-{step}"), done=False),
    )
    save(model, tokenizer, plan, left, done=False)


def save(model: Any, tokenizer: PreTrainedTokenizerFast, plan: Plan, out: Path, *, done: bool) -> None:
    """Write weights in bf16, config, tokenizer, template, recipe and the manifest of digests."""
    clean = type(model)(model.config)
    clean.load_state_dict(model.state_dict())
    clean.generation_config.update(do_sample=True, temperature=1.0, eos_token_id=2, pad_token_id=0)
    clean.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)
    recipe = {
        "lora_lr": LORA_LR,
        "full_lr": FULL_LR,
        "reasoning_tokens": REASONING_TOKENS,
        "answer_tokens": ANSWER_TOKENS,
        "base": {"plan": dataclasses.asdict(plan), "finished": done},
    }
    (out / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n", encoding="utf-8")
    write_manifest(out)


def write_manifest(directory: Path) -> None:
    """Write the sha256 of every file of a model directory."""
    text = json.dumps(digests(directory), indent=1, sort_keys=True)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


def digests(directory: Path) -> dict[str, str]:
    """File name to sha256, for every file but the manifest."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != MANIFEST
    }


def install(source: Path, target: Path) -> None:
    """Copy the files of a model directory, and no checkpoints, to where the package looks for them."""
    target.mkdir(parents=True, exist_ok=True)
    for path in target.iterdir():
        path.unlink()
    for path in source.iterdir():
        if path.is_file():
            shutil.copyfile(path, target / path.name)


def _template_only() -> PreTrainedTokenizerFast:
    """A tokenizer without words, which can fill the chat template."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token=IM_END)
    tokenizer.chat_template = chat_template()
    return tokenizer


def main() -> None:
    """Read the flags and build."""
    plan = Plan()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--batch-tokens", type=int, default=plan.batch_tokens, help="most tokens of a step")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each stage's corpus to train on")
    parser.add_argument("--begin", type=int, default=1, help="the stage to begin with; those before it are in --out")
    flags = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stages = tuple(scaled(stage, flags.scale) for stage in plan.stages)
    plan = dataclasses.replace(plan, stages=stages, batch_tokens=flags.batch_tokens, seed=flags.seed)
    build(plan, flags.out, flags.begin)


def scaled(stage: Stage, scale: float) -> Stage:
    """A shorter or longer form of a stage."""
    steps = None if stage.steps is None else max(1, round(stage.steps * scale))
    return dataclasses.replace(stage, tokens=round(stage.tokens * scale), steps=steps)


if __name__ == "__main__":
    main()
