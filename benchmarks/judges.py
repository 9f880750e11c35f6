"""A thousand judge calls at once against a slow and faulty server: every one ends as a score or a flagged fault.

`python -m benchmarks.judges [CALLS]`. One request in twenty fails with 429 or 500 whoever asks; one prompt in a hundred
fails always, and another one is refused. Answers take 20 to 200 ms, one in fifty a second.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.judge_server import JudgeServer
from burnish.core.rollout import Grade, Item, Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.remote.chat import RemoteChat
from burnish.settings import Remote
from burnish.spec.grader import ScoreModelSpec

Json = Any

LIMIT = 64
"""Requests under way at a time."""
PROMPT, FATES = "{{item.fate}} this", {13: "fail", 57: "refuse"}
"""The prompt, and what it says by the last two digits of an item's line."""


@dataclass(frozen=True, slots=True)
class Account:
    """How the calls ended, as the grades have it and as the server has it."""

    grades: Sequence[Grade]
    server: JudgeServer
    seconds: float

    @property
    def ends(self) -> Counter[str]:
        """How many calls ended as a score, and as each fault."""
        return Counter(grade.faults[0].fault.value if grade.faults else "score" for grade in self.grades)

    @property
    def tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens over all grades."""
        used = [usage for grade in self.grades for usage in grade.usage.values()]
        return sum(each.prompt_tokens for each in used), sum(each.completion_tokens for each in used)


async def called(calls: int, *, limit: int = LIMIT, slowness: float = 1.0) -> Account:
    """The account of so many calls, all begun at once; `slowness` scales the server's delays and our pauses."""
    rng = random.Random(0)
    delays = [1.0 if rng.random() < 0.02 else rng.uniform(0.02, 0.2) for _ in range(8 * calls)]
    server = JudgeServer(delay_s=lambda number: slowness * delays[number], failure=_failure)
    spec = ScoreModelSpec.model_validate(
        {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": PROMPT}]}
    )

    async def sleep(pause_s: float) -> None:
        await asyncio.sleep(slowness * pause_s)

    async with server.listening() as address:
        chat = RemoteChat(Remote(base_url=f"{address}/v1", concurrency=limit), "judge", sleep=sleep)
        grader = build(spec, Tools(chat=chat))
        started = time.perf_counter()
        grades = await asyncio.gather(*(grader(_item(line), Sample("yes", None)) for line in range(calls)))
        seconds = time.perf_counter() - started
        await chat.aclose()
    return Account(grades, server, seconds)


def _item(line: int) -> Item:
    return Item(line=line, messages=(), tools=(), fields={"fate": FATES.get(line % 100, "grade")})


def _failure(number: int, body: Json) -> int | None:
    if "fail" in body["messages"][0]["content"]:
        return 500
    return None if number % 20 else (429 if number % 40 else 500)


def main() -> None:
    """Print the account."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    account = asyncio.run(called(calls))
    server = account.server
    print(f"{calls} calls in {account.seconds:.1f} s; requests by status: {dict(server.statuses)}")
    print(f"ended as: {dict(account.ends)}; together {account.ends.total()}")
    print(f"requests under way at a time: at most {server.peak}, allowed {LIMIT}")
    print(f"tokens by the grades {account.tokens}, by the server {(server.prompt_tokens, server.completion_tokens)}")


if __name__ == "__main__":
    main()
