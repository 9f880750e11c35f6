"""Base against tuned on held-out rows: the table that the demo ends with, scored by the job's own grader."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.core.interval import Interval, bootstrap

if TYPE_CHECKING:
    from openai import OpenAI
    from rich.console import Console

BURNISH = ".venv/bin/burnish"
"""The command as `make` installs it."""
SAMPLES = 4
"""Answers per row at temperature 1."""
AT_A_TIME = 16


@dataclass(frozen=True, slots=True)
class Standing:
    """How one model does on the test rows."""

    reward: Interval
    exact: Interval
    """Share of answers with full reward."""
    greedy: Interval
    """Mean reward at temperature 0."""
    answers: Sequence[str]
    """The answer at temperature 0, a row each."""


@dataclass(frozen=True, slots=True)
class Report:
    """Asks both models the same questions and grades what they say."""

    client: "OpenAI"
    grader: Mapping[str, Any]
    response_format: Mapping[str, Any] | None
    rows: Sequence[Mapping[str, Any]]

    def show(self, console: "Console", base: str, tuned: str, minutes: float, data_dir: Path) -> None:
        """Print the table, three answers before and after, and what to try next with the server's data."""
        from rich.table import Table

        console.rule(f"[bold]{len(self.rows)} held-out questions")
        before, after = self.standing(base), self.standing(tuned)
        table = Table("", "base", "tuned", title="means with 95 % intervals (bootstrap over rows)", title_style="dim")
        table.add_row("mean reward", str(before.reward), str(after.reward))
        table.add_row("exactly right", str(before.exact), str(after.exact))
        table.add_row("mean reward, greedy", str(before.greedy), str(after.greedy))
        console.print(table)
        apart = after.reward.low > before.reward.high
        console.print(
            f"Trained in {minutes:.1f} minutes. "
            + (
                "The intervals do not overlap: the model has learnt."
                if apart
                else "The intervals overlap: no clear gain."
            )
        )
        for index in range(min(3, len(self.rows))):
            console.print(f"\n[bold]{self.rows[index]['messages'][-1]['content']}[/bold]")
            console.print(f"  before  {before.answers[index]}", highlight=False)
            console.print(f"  after   {after.answers[index]}", highlight=False)
            console.print(f"  wanted  {_wanted(self.rows[index])}", highlight=False, style="dim")
        console.print(
            f"\nThe tuned model is [bold]{tuned}[/bold].\n"
            f"Next: [bold]{BURNISH} serve --data-dir {data_dir}[/bold], then in another terminal\n"
            f'      [bold]{BURNISH} chat -m {tuned} "Do you encrypt stored data?"[/bold]\n'
            "      and point your own script's base_url at http://127.0.0.1:8787/v1"
        )

    def standing(self, model: str) -> Standing:
        """Ask every row `SAMPLES` times at temperature 1 and once at 0."""
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            sampled = list(pool.map(partial(self._ask, model, 1.0, SAMPLES), self.rows))
            greedy = list(pool.map(partial(self._ask, model, 0.0, 1), self.rows))
        rewards = asyncio.run(self._grade(sampled))
        return Standing(
            reward=bootstrap([sum(row) / len(row) for row in rewards]),
            exact=bootstrap([sum(score > 0.999 for score in row) / len(row) for row in rewards]),
            greedy=bootstrap([row[0] for row in asyncio.run(self._grade(greedy))]),
            answers=[answers[0] for answers in greedy],
        )

    def _ask(self, model: str, temperature: float, n: int, row: Mapping[str, Any]) -> list[str]:
        completion = self.client.chat.completions.create(
            model=model,
            messages=row["messages"],
            temperature=temperature,
            n=n,
            seed=0,
            extra_body={"response_format": self.response_format},
        )
        return [choice.message.content or "" for choice in completion.choices]

    async def _grade(self, answers: Sequence[Sequence[str]]) -> list[list[float]]:
        from pydantic import TypeAdapter

        from burnish.core.rollout import Item, Sample
        from burnish.grade.build import build
        from burnish.grade.tools import Tools
        from burnish.spec.grader import GraderSpec

        grader = build(TypeAdapter[GraderSpec](GraderSpec).validate_python(self.grader), Tools())
        scores = []
        for line, (row, texts) in enumerate(zip(self.rows, answers, strict=True), start=1):
            item = Item(line, tuple(row["messages"]), tuple(row.get("tools", ())), row)
            grades = [await grader(item, Sample(text, _parse(text))) for text in texts]
            scores.append([grade.score or 0.0 for grade in grades])
        return scores


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _wanted(row: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in row.items() if name not in ("messages", "tools")})
