"""Builds the starter model from nothing: `python -m burnish.starter.build --out DIR`."""

import argparse
import dataclasses
import hashlib
import json
import logging
import shutil
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from burnish.starter.corpus import corpus
from burnish.starter.echo import echoes
from burnish.starter.encode import encoded
from burnish.starter.plan import Plan
from burnish.starter.pretrain import new_model, train
from burnish.starter.tokenizer import IM_END, chat_template, train_tokenizer

log = logging.getLogger(__name__)

LORA_LR, FULL_LR = 3e-3, 4.5e-4
"""Learning rates for reinforcement that the study of the prototype found to work."""
REASONING_TOKENS, ANSWER_TOKENS = 96, 96
"""Most tokens of an answer's two parts: the longest demonstrations have 51 and 37."""
MANIFEST = "MANIFEST.json"


def build(plan: Plan, out: Path, device: str = "cpu") -> None:
    """Tokenizer, model, copying, corpus; leaves a directory that transformers loads.

    The same plan gives the same weights on the same CPU and torch; on a GPU, nearly so.
    """
    torch.set_num_threads(plan.threads)
    began = time.monotonic()
    first = plan.stages[0]
    some = islice(corpus(_template_only(), plan.seed, first), plan.tokenizer_examples)
    tokenizer = train_tokenizer(example.prompt + example.completion for example in some)
    model: Any = new_model(plan.seed).to(torch.device(device))
    train(model, echoes(plan.seed, plan.echo_tokens), plan.echo_tokens, plan, first)
    for number, stage in enumerate(plan.stages):
        train(model, encoded(tokenizer, plan.seed + number, stage), stage.tokens, plan, stage)
        model.to(torch.bfloat16).to(torch.float32)
    save(model.cpu(), tokenizer, plan, out)
    log.info("built in %.0f s", time.monotonic() - began)


def save(model: Any, tokenizer: PreTrainedTokenizerFast, plan: Plan, out: Path) -> None:
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
        "plan": dataclasses.asdict(plan),
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
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=plan.seed)
    parser.add_argument("--batch-tokens", type=int, default=plan.batch_tokens, help="most tokens of a step")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each corpus to train on")
    flags = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    plan = dataclasses.replace(plan, seed=flags.seed, batch_tokens=flags.batch_tokens)
    build(scaled(plan, flags.scale), flags.out, flags.device)


def scaled(plan: Plan, scale: float) -> Plan:
    """A shorter or longer form of a plan."""
    stages = tuple(dataclasses.replace(stage, tokens=round(stage.tokens * scale)) for stage in plan.stages)
    return dataclasses.replace(plan, echo_tokens=round(plan.echo_tokens * scale), stages=stages)


if __name__ == "__main__":
    main()
