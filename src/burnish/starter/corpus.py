"""The texts that the starter model learns from: prompts, and completions that start inside the reasoning."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.starter.families import families
from burnish.starter.family import Demonstration, Effort, Family, Json, Row, compact
from burnish.starter.plan import Stage
from burnish.starter.splits import draw
from burnish.starter.tasks.drill import drill
from burnish.starter.tasks.toolcall import with_reply
from burnish.starter.tokenizer import IM_END

_FOLLOW_UPS = 0.3
"""Share of tool rows that go on to the tool's reply."""
_PREFACES = ("You are a helpful assistant.", "Answer in JSON.", "Be brief.", "You are Burnish, a small model.")
_WITH_PREFACE = 0.04
_WITH_HISTORY = 0.03


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the completion to learn."""

    family: str
    prompt: str
    completion: str


def corpus(tokenizer: Any, seed: int, stage: Stage) -> Iterator[Example]:
    """Endless examples from the families' `pre` rows. The tokenizer is asked for its chat template only."""
    rng = random.Random(f"corpus/{seed}")
    known = families(lengths=stage.lengths)
    while True:
        name = rng.choices(list(stage.mixture), list(stage.mixture.values()))[0]
        effort = rng.choices(list(stage.efforts), list(stage.efforts.values()))[0]
        yield _exercise(tokenizer, effort, rng) if name == "drill" else _example(tokenizer, known[name], effort, rng)


def _exercise(tokenizer: Any, effort: Effort, rng: random.Random) -> Example:
    task, answer = drill(rng)
    text = prompt(tokenizer, [{"role": "user", "content": task}], effort)
    return Example("drill", text, completion_text("", answer, effort))


def _example(tokenizer: Any, family: Family, effort: Effort, rng: random.Random) -> Example:
    row = draw(family, "pre", rng)
    messages: list[dict[str, Json]] = list(row.fields["messages"])
    tools = row.fields.get("tools")
    if family.name == "toolcall" and rng.random() < _FOLLOW_UPS:
        messages, told = with_reply(row, rng)
        thought = "" if effort == "none" else "The tool replied"
        return Example(family.name, prompt(tokenizer, messages, effort, tools), completion_text(thought, told, effort))
    shown = family.demonstrate(row, rng, effort)
    if rng.random() < _WITH_HISTORY and tools is None and family.name != "judge":
        messages = [*_history(family, rng), *messages]
    if rng.random() < _WITH_PREFACE:
        messages = [{"role": rng.choice(("system", "developer")), "content": rng.choice(_PREFACES)}, *messages]
    text = completion_text(shown.reasoning, answer_text(shown), effort)
    return Example(family.name, prompt(tokenizer, messages, effort, tools), text)


def _history(family: Family, rng: random.Random) -> list[dict[str, Json]]:
    """An earlier exchange of the same family, without its reasoning."""
    row: Row = draw(family, "pre", rng)
    answer = answer_text(family.demonstrate(row, rng, "high"))
    return [*row.fields["messages"], {"role": "assistant", "content": answer}]


def prompt(
    tokenizer: Any,
    messages: Sequence[Mapping[str, Json]],
    effort: Effort = "medium",
    tools: Sequence[Mapping[str, Json]] | None = None,
) -> str:
    """The text before a completion: it ends inside the reasoning, or past it where there is to be none."""
    text: str = tokenizer.apply_chat_template(
        list(messages), tools=tools, add_generation_prompt=True, tokenize=False, reasoning_effort=effort
    )
    return text


def answer_text(shown: Demonstration) -> str:
    """What a demonstration says after its reasoning."""
    calls = [
        f'<tool_call>\n{{"name":{compact(call.name)},"arguments":{compact(dict(call.arguments))}}}\n</tool_call>'
        for call in shown.tool_calls
    ]
    return shown.answer + "".join(calls)


def completion_text(reasoning: str, answer: str, effort: Effort) -> str:
    """The completion as the model writes it, from inside the reasoning to the end of the turn."""
    return answer + IM_END if effort == "none" else f"{reasoning}</think>{answer}{IM_END}"
