"""Answers of a starter model to rows, without a grammar: what measuring needs, and no engine."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from burnish.core.rollout import Item, Sample
from burnish.starter.corpus import prompt
from burnish.starter.family import Effort, Family, Json, Row
from burnish.starter.tokenizer import IM_END, PAD

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its tokenizer, for measuring."""

    network: Any
    tokenizer: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a row."""

    row: Row
    reasoning: str
    sample: Sample


def load(directory: Path, threads: int = 1) -> Model:
    """A model directory, in fp32."""
    torch.set_num_threads(threads)
    network = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    return Model(network, AutoTokenizer.from_pretrained(directory, padding_side="left"))


def answers(
    model: Model,
    family: Family,
    rows: Sequence[Row],
    *,
    effort: Effort = "medium",
    n: int = 1,
    temperature: float = 1.0,
    max_tokens: int = 160,
) -> Iterator[Answer]:
    """`n` answers to every row; temperature 0 takes the likeliest token. Draws from torch's global generator."""
    asked = sorted((row for row in rows for _ in range(n)), key=lambda row: len(str(row.fields["messages"])))
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        prompts = [prompt(model.tokenizer, row.fields["messages"], effort, row.fields.get("tools")) for row in batch]
        inputs = model.tokenizer(prompts, return_tensors="pt", padding=True)
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0} if temperature else {}
        with torch.inference_mode():
            ids = model.network.generate(**inputs, max_new_tokens=max_tokens, **({"do_sample": False} | sampling))
        for row, out in zip(batch, ids[:, inputs["input_ids"].shape[1] :], strict=True):
            reasoning, sample = read(model.tokenizer.decode(out), family, effort)
            yield Answer(row, reasoning, sample)


def read(text: str, family: Family, effort: Effort) -> tuple[str, Sample]:
    """A completion's reasoning, and the answer as a grader sees it."""
    ended = IM_END in text
    text = text.split(IM_END)[0].replace(PAD, "")
    reasoning, mark, said = ("", "</think>", text) if effort == "none" else text.partition("</think>")
    finish: Any = "stop" if ended and mark else "length"
    if family.response_format is None:
        return reasoning, Sample(_CALL.sub("", said), None, tuple(_calls(said)), reasoning, finish)
    return reasoning, Sample(said, _parsed(said) if finish == "stop" else None, (), reasoning, finish)


def _calls(text: str) -> Iterator[dict[str, Json]]:
    for number, found in enumerate(_CALL.findall(text)):
        call = _parsed(found)
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            arguments = json.dumps(call.get("arguments"), ensure_ascii=False)
            function = {"name": call["name"], "arguments": arguments}
            yield {"id": f"call_{number}", "type": "function", "function": function}


def _parsed(text: str) -> Json | None:
    try:
        return json.loads(text)
    except ValueError:
        return None


def item_of(row: Row, line: int = 1) -> Item:
    """The row as a grader sees it."""
    fields = row.fields
    return Item(line, tuple(fields["messages"]), tuple(fields.get("tools") or ()), fields)
