"""The tabs of a job beside its charts: events, checkpoints, setup and ledger."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import APIError, APIStatusError, AsyncOpenAI

from burnish.dashboard import words
from burnish.dashboard.client import EVERY_S, get
from burnish.dashboard.pieces import Tag, button, empty, heads, link, moment, pairs, tag

Json = Any
PAGE = 100


@dataclass(slots=True, repr=False, eq=False)
class Events:
    """A job's log, newest first; older ones are read when they are asked for."""

    client: AsyncOpenAI
    job_id: str
    newest: str | None = None
    oldest: str | None = None
    body: Tag = field(init=False)
    older: Tag = field(init=False)

    async def open(self) -> None:
        """Draw the last ones, and add new ones above."""
        with tag("section", "card flush"):
            self.body = tag("div")
        self.older = button("Show older", self.show_older)
        await self.show_older()
        ui.timer(EVERY_S, self.refresh)

    async def show_older(self) -> None:
        """A page more, below."""
        page = await self._page(after=self.oldest)
        with self.body:
            for event in page["data"]:
                _event(event)
        if page["data"]:
            self.oldest = page["data"][-1]["id"]
            self.newest = self.newest or page["data"][0]["id"]
        self.older.set_visibility(page["has_more"])

    async def refresh(self) -> None:
        """What has come since, above; who reads further down stays there."""
        try:
            page = await self._page()
        except APIError:
            return
        ids = [event["id"] for event in page["data"]]
        new = page["data"][: ids.index(self.newest)] if self.newest in ids else page["data"]
        with self.body:
            for event in reversed(new):
                _event(event).move(target_index=0)
        self.newest = ids[0] if ids else None

    async def _page(self, after: str | None = None) -> Json:
        return await get(self.client, f"/fine_tuning/jobs/{self.job_id}/events", limit=PAGE, after=after)


def _event(event: Json) -> Tag:
    with tag("div", f"event {event['level']}") as line:
        moment(event["created_at"], classes="small num faint")
        tag("span", "", event["message"])
    return line


async def checkpoints(client: AsyncOpenAI, job_id: str) -> None:
    """The published steps with their metrics."""
    found = (await get(client, f"/fine_tuning/jobs/{job_id}/checkpoints", limit=100))["data"]
    if not found:
        with tag("div", "card"):
            empty("No checkpoint yet", "One is published with each validation pass; the best are kept.")
        return
    with tag("div", "card flush scroll"), tag("table", "table"):
        heads("Step", "Model", "Validation reward", "Train reward", "Created", "")
        with tag("tbody"):
            for each in found:
                _checkpoint(each)


def _checkpoint(each: Json) -> None:
    metrics = each["metrics"]
    with tag("tr"):
        tag("td", "num strong", f"{each['step_number']:,}")
        tag("td", "mono", each["fine_tuned_model_checkpoint"])
        tag("td", "num", words.score(metrics.get("full_valid_mean_reward", metrics.get("valid_reward_mean"))))
        tag("td", "num", words.score(metrics.get("train_mean_reward", metrics.get("train_reward_mean"))))
        with tag("td"):
            moment(each["created_at"])
        with tag("td", "right"):
            link("Playground", f"/playground?models={each['fine_tuned_model_checkpoint']}", "btn")


async def setup(client: AsyncOpenAI, job: Json) -> None:
    """What was asked for, as it was resolved; files and grader."""
    method = job["method"]["reinforcement"]
    with tag("div", "grid wide"):
        with tag("section", "card"):
            tag("h2", "", "Job")
            pairs(
                [
                    ("Base model", job["model"]),
                    ("Tuned model", job["fine_tuned_model"] or words.NOTHING),
                    ("Method", job["method"]["type"]),
                    ("Seed", str(job["seed"])),
                    *((key, value) for key, value in (job["metadata"] or {}).items()),
                ]
            )
        with tag("section", "card"):
            tag("h2", "", "Hyperparameters")
            pairs([(name, str(value)) for name, value in method["hyperparameters"].items()])
        with tag("section", "card"):
            tag("h2", "", "Files")
            with tag("div", "stack"):
                for title, file_id in (
                    ("Training", job["training_file"]),
                    ("Validation", job["validation_file"]),
                    *(("Result", each) for each in job["result_files"]),
                ):
                    await _file(client, title, file_id)
        for title, shown in (("Grader", method["grader"]), ("Response format", method["response_format"])):
            if shown:
                with tag("section", "card"):
                    tag("h2", "", title)
                    tag("pre", "pre", json.dumps(shown, indent=2, ensure_ascii=False))


async def _file(client: AsyncOpenAI, title: str, file_id: str) -> None:
    try:
        found = await get(client, f"/files/{file_id}")
    except APIStatusError:
        tag("span", "small", f"{title}: {file_id} was deleted")
        return
    with tag("div", "spread"):
        with tag("div", "tight"):
            link(found["filename"], f"/files/{file_id}", "strong")
            tag("span", "small mono", file_id)
        tag("span", "small num", f"{title} · {words.size(found['bytes'])}")


def ledger(job: Json) -> None:
    """What it has used, and what that comes to."""
    usage = job["usage_metrics"]
    if not usage:
        with tag("div", "card"):
            empty("Nothing used yet", "The ledger begins with the validation pass before the first step.")
        return
    cost = usage.get("cost") or {}
    judges = {name: words.money(usd) for name, usd in (cost.get("judges_usd") or {}).items()}
    with tag("div", "grid"):
        _sheet("Machine time", {name: words.duration(value) for name, value in usage["seconds"].items()})
        _sheet("Tokens", {name: words.count(value) for name, value in usage["tokens"].items()})
        _sheet(
            "Cost",
            {
                "machine": words.money(cost.get("machine_usd")),
                **judges,
                "total": words.money(cost.get("total_usd")),
                "python graders": words.duration(usage.get("python_grader_seconds")),
            },
        )
        for judge, used in (usage.get("model_graders_token_usage") or {}).items():
            _sheet(f"Judge {judge}", {name: words.count(value) for name, value in used.items()})
        if estimate := usage.get("estimate"):
            shown = {"time": words.duration(estimate["seconds"]), "tokens": words.count(estimate["tokens"])}
            _sheet("Estimate for the whole job", {**shown, "cost": words.money(estimate["usd"])})


def _sheet(title: str, figures: Mapping[str, str]) -> None:
    with tag("section", "card"):
        tag("h2", "", title)
        pairs([(name.replace("_", " ").capitalize(), value) for name, value in figures.items()])
