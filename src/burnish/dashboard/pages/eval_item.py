"""One item of a run: what was asked, what was answered, and what each criterion says of it."""

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from openai import APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.client import Api, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.items import Neighbours
from burnish.dashboard.pages.one_eval import summary_of
from burnish.dashboard.pages.rollouts import readable
from burnish.dashboard.pieces import link, pairs, pill, tag, trail

Json = Any
_MOST = 600
"""Characters of a field that are shown at once."""
_STATES = ("pass", "fail", "error")


def register(api: Api) -> None:
    """The page of an item."""

    @ui.page("/evals/{eval_id}/runs/{run_id}/items/{item_id}", title="Item · Burnish", response_timeout=30)
    async def eval_item(eval_id: str, run_id: str, item_id: str, show: str = "") -> Response | None:
        async def draw(client: AsyncOpenAI) -> None:
            path = f"/evals/{eval_id}/runs/{run_id}/output_items"
            made = await get(client, f"/evals/{eval_id}")
            item = await get(client, f"{path}/{item_id}")
            await _head(client, made, item, show if show in _STATES else "")
            with tag("div", "halves"):
                with tag("div", "stack"):
                    _asked(item)
                    _answered(item)
                with tag("div", "stack"):
                    _judged(made, item)
                    _facts(made, item)

        return await shown(api, "evals", f"/evals/{eval_id}/runs/{run_id}/items/{item_id}", draw)


async def _head(client: AsyncOpenAI, made: Json, item: Json, show: str) -> None:
    base = f"/evals/{made['id']}/runs/{item['run_id']}"
    run = await get(client, base)
    summary = await summary_of(client, made["id"])
    before, after = await asyncio.gather(*(_next(client, base, item["id"], show, order) for order in ("desc", "asc")))
    with tag("div", "spread head"):
        with tag("div", "tight"):
            trail(("Evals", "/evals"), (outcomes.title(summary), f"/evals/{made['id']}"), (run["name"], base))
            with tag("div", "row"):
                tag("h1", "", f"Row {item['datasource_item_id'] + 1}")
                pill(item["status"])
            tag("span", "small mono faint", item["id"])
        Neighbours(base, item["id"], before, after)


async def _next(client: AsyncOpenAI, base: str, item_id: str, show: str, order: str) -> str:
    """The item that follows in the run's own order; none where the item itself is not among those that are shown."""
    try:
        found = await get(client, f"{base}/output_items", after=item_id, limit=1, order=order, status=show)
    except APIStatusError:
        return ""
    return str(found["data"][0]["id"]) if found["data"] else ""


def _asked(item: Json) -> None:
    row = item["datasource_item"]
    with tag("section", "card stack"):
        tag("h2", "", "Question")
        for message in item["sample"].get("input") or row.get("messages") or []:
            _message(message)
        if not row:
            tag("span", "soft", "The file of this row was deleted.")
        pairs([(key, outcomes.plain(value)[:_MOST]) for key, value in row.items() if key != "messages"])
        with tag("details"):
            tag("summary", "", "The whole row")
            tag("pre", "pre", json.dumps(item["datasource_item"], indent=2, ensure_ascii=False))


def _message(message: Json) -> None:
    content = message.get("content")
    with tag("div", "tight"):
        tag("span", "small faint", str(message.get("role") or ""))
        tag("div", "say", content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False))


def _answered(item: Json) -> None:
    sample = item["sample"]
    with tag("section", "card stack"):
        tag("h2", "", "Answer")
        if (wrong := outcomes.complaint(sample)) is not None:
            tag("div", "note bad", wrong)
        if sample.get("reasoning"):
            with tag("details"):
                tag("summary", "", "Reasoning")
                tag("div", "say soft", str(sample["reasoning"]))
        for said in sample.get("output") or []:
            tag("div", "say", readable(said.get("content")) or "(no text)")
            for call in said.get("tool_calls") or ():
                tag("pre", "pre", json.dumps(call, indent=2, ensure_ascii=False))
        if sample.get("finish_reason") == "length":
            tag("div", "note", "The answer was cut off by the token limit.")


def _judged(made: Json, item: Json) -> None:
    criteria = {each["id"]: each for each in made["testing_criteria"]}
    for result in item["results"]:
        criterion = criteria.get(result["name"], {})
        with tag("section", "card stack"):
            with tag("div", "spread"):
                with tag("div", "tight"):
                    tag("h2", "", criterion.get("name") or result["name"])
                    tag("span", "small", (result.get("type") or "not graded").replace("_", " "))
                with tag("div", "row"):
                    tag("span", "num strong", words.score(result["score"]))
                    pill("pass" if result["passed"] else "fail")
            bar = criterion.get("pass_threshold")
            tag("span", "small", "Passes from " + (f"{bar:g}" if bar is not None else "the middle of its range"))
            _said(result)
            if result.get("parts"):
                with tag("div", "parts"):
                    for name, part in result["parts"].items():
                        tag("span", "", name)
                        tag("span", "num", words.score(part["score"]))
                        with tag("div", "tight"):
                            _said(part)


def _said(result: Json) -> None:
    """What went wrong with a criterion, and a judge's own words."""
    for error in result.get("errors") or ():
        tag("div", "note bad", f"{error['fault']}".replace("_", " ") + f": {error['detail']}")
    sample = result.get("sample")
    if not sample:
        return
    with tag("details", open=True):
        tag("summary", "", f"What {sample.get('model') or 'the judge'} said")
        for said in sample.get("output") or ():
            tag("div", "say soft", readable(said.get("content")))
        for use in sample.get("usage") or ():
            told = f"{words.count(use['prompt_tokens'])} tokens read, {words.count(use['completion_tokens'])} written"
            tag("span", "small num", told)


def _facts(made: Json, item: Json) -> None:
    sample, usage = item["sample"], item["sample"].get("usage") or {}
    known = {
        "Model": sample.get("model"),
        "Tokens asked": words.count(usage.get("prompt_tokens")),
        "Tokens answered": words.count(usage.get("completion_tokens")),
        "Time": words.duration(sample["seconds"]) if sample.get("seconds") is not None else None,
        "Ended by": {"stop": "the model", "length": "the token limit"}.get(sample.get("finish_reason") or ""),
        "Temperature": sample.get("temperature"),
        "Top p": sample.get("top_p"),
        "Seed": sample.get("seed"),
        "Reward": words.score(sample["reward"]) if sample.get("reward") is not None else None,
        "Advantage": f"{sample['advantage']:+.3f}" if sample.get("advantage") is not None else None,
    }
    with tag("section", "card stack"):
        tag("h2", "", "How it was sampled")
        pairs([(name, str(value)) for name, value in known.items() if value not in (None, words.NOTHING)])
        if (job_id := made.get("fine_tuning_job_id")) is not None and "step" in sample:
            query = {"step": sample["step"], "phase": made["phase"]}
            row = f"/jobs/{job_id}/rows/{item['datasource_item_id'] + 1}?{urlencode({'phase': made['phase']})}"
            with tag("div", "row"):
                link("All answers of this step", f"/jobs/{job_id}/rollouts?{urlencode(query)}", "btn")
                link("Follow this row", row, "btn")
