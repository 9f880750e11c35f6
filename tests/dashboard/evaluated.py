"""Evals for pages to show: every text that a user may give is an attack."""

import time
from typing import Any

import openai

from tests.dashboard.conftest import ATTACK, TIMEOUT_S

EXACT = {
    "type": "string_check",
    "name": f"exact {ATTACK}",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
}
ALIKE = {
    "type": "text_similarity",
    "name": "alike",
    "evaluation_metric": "fuzzy_match",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "pass_threshold": 0.5,
}
CONFIG = {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True}


def new_eval(api: openai.OpenAI, name: str = ATTACK) -> str:
    """The id of an eval of two criteria."""
    criteria: Any = [EXACT, ALIKE]
    return api.evals.create(name=name, data_source_config=CONFIG, testing_criteria=criteria).id  # type: ignore[arg-type]


def stored(*answers: str, name: str = "run") -> dict[str, Any]:
    """What makes a run over these answers, each to a row of its own, whose right answer is 'right'."""
    rows = [
        {
            "item": {"answer": "right", "topic": ("law", "tax")[place % 2], "question": f"{ATTACK} {place}?"},
            "sample": {"output_text": answer, "reasoning": f"I thought {ATTACK}"},
        }
        for place, answer in enumerate(answers)
    ]
    return {"name": name, "data_source": {"type": "jsonl", "source": {"type": "file_content", "content": rows}}}


def done(api: openai.OpenAI, eval_id: str, **sent: Any) -> str:
    """The id of a run that has come to its end."""
    run: Any = api.evals.runs.create(eval_id, **sent)
    deadline = time.monotonic() + TIMEOUT_S
    while run.status in ("queued", "in_progress"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
        run = api.evals.runs.retrieve(run.id, eval_id=eval_id)
    assert run.status == "completed", run.error
    return str(run.id)
