"""Files, models and settings, to look at."""

import json
from typing import Any

from nicegui import ui
from openai import AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import words
from burnish.dashboard.client import Api, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pieces import Tag, empty, heads, link, moment, pairs, tag

Json = Any
_MOST = 200
_PREVIEW = 30
"""Lines of a file that are shown."""


def register(api: Api) -> None:
    """The pages."""

    @ui.page("/files", title="Files · Burnish", response_timeout=30)
    async def files() -> Response | None:
        return await shown(api, "files", "/files", _files)

    @ui.page("/files/{file_id}", title="File · Burnish", response_timeout=30)
    async def file(file_id: str) -> Response | None:
        return await shown(api, "files", "/files", lambda client: _file(client, file_id))

    @ui.page("/models", title="Models · Burnish", response_timeout=30)
    async def models() -> Response | None:
        return await shown(api, "models", "/models", _models)

    @ui.page("/settings", title="Settings · Burnish", response_timeout=30)
    async def settings() -> Response | None:
        return await shown(api, "settings", "/settings", _settings)


async def _files(client: AsyncOpenAI) -> None:
    found = (await get(client, "/files", limit=_MOST))["data"]
    tag("h1", "head", "Files")
    with tag("div", "card flush scroll"):
        if not found:
            empty("No files yet", "A job needs a training and a validation file: JSONL, a row a line.")
            return
        with tag("table", "table"):
            heads("Name", "Purpose", "Size", "Created", "Id")
            with tag("tbody"):
                for each in found:
                    with tag("tr"):
                        with tag("td"):
                            link(each["filename"], f"/files/{each['id']}", "strong")
                        tag("td", "", each["purpose"])
                        tag("td", "num", words.size(each["bytes"]))
                        with tag("td"):
                            moment(each["created_at"])
                        tag("td", "mono faint", each["id"])


async def _file(client: AsyncOpenAI, file_id: str) -> None:
    found = await get(client, f"/files/{file_id}")
    content = await client.files.content(file_id)
    lines = content.content[:2_000_000].decode("utf-8", "replace").split("\n")
    with tag("div", "head tight"):
        link("Files", "/files", "small")
        tag("h1", "", found["filename"])
        tag("span", "small", f"{found['purpose']} · {words.size(found['bytes'])}")
    with tag("div", "stack"):
        for number, line in enumerate(lines[:_PREVIEW], start=1):
            if line:
                with tag("details", "card", open=number == 1):
                    tag("summary", "mono", f"{number}  {line[:110]}")
                    tag("pre", "pre", _pretty(line))


def _pretty(line: str) -> str:
    try:
        return json.dumps(json.loads(line), indent=2, ensure_ascii=False)
    except ValueError:
        return line


async def _models(client: AsyncOpenAI) -> None:
    found = (await get(client, "/models"))["data"]
    tag("h1", "head", "Models")
    with tag("div", "card flush scroll"), tag("table", "table"):
        heads("Name", "Kind", "Created", "")
        with tag("tbody"):
            for each in found:
                with tag("tr"):
                    tag("td", "mono", each["id"])
                    tag("td", "soft", _kind(each))
                    with tag("td"):
                        moment(each["created"] or None)
                    with tag("td", "right"):
                        if not each.get("embeds"):
                            link("Playground", f"/playground?models={each['id']}", "btn")


def _kind(model: Json) -> str:
    if target := model.get("alias_of"):
        return f"alias of {target}"
    if model.get("embeds"):
        return "embeddings"
    if ":ckpt-step-" in model["id"]:
        return "checkpoint"
    return "tuned" if model["id"].startswith("ft:") else "base or remote"


async def _settings(client: AsyncOpenAI) -> None:
    found = await get(client, "/burnish/settings")
    models = found["models"]
    tag("h1", "head", "Settings")
    tag("p", "soft head", "What the operator has set, in burnish.toml or by BURNISH_ variables. Read only.")
    with tag("div", "grid"):
        _card(
            "Server",
            {
                "Version": found["version"],
                "Organization": found["organization"],
                "Your project": found["project"],
                "Admin": "yes" if found["is_admin"] else "no",
                "Sandbox of python graders": found["sandbox"],
                "Jobs at a time": str(found["concurrent_jobs"]),
                "Largest file": words.size(found["max_file_bytes"]),
            },
        )
        remote = dict.fromkeys(models["remote"], "remote endpoint")
        embedders = dict.fromkeys(models["embedders"], "here: embeddings")
        _card("Models", dict.fromkeys(models["local"], "here: trained and served") | embedders | remote)
        if models["aliases"]:
            _card("Aliases", models["aliases"])
        _card("Training", {name: str(value) for name, value in found["training"].items()})
        _card("Budgets", {name: str(value or "none") for name, value in found["budget"].items()})
        _card("Prices", {"Machine hour": words.money(found["prices"]["machine_hour_usd"])})
        with tag("section", "card"):
            tag("h2", "", "What graders need")
            body = tag("div", "")
    with body:
        tag("p", "small", "Probing the sandbox, asking the endpoints …")
    ui.timer(0.05, lambda: _readiness(client, body), once=True)


async def _readiness(client: AsyncOpenAI, body: Tag) -> None:
    """Whether sandbox and judges work at present; the first probe takes a second or two."""
    found = await get(client, "/burnish/readiness")
    sandbox = found["sandbox"]
    rows = [("Python graders", sandbox["reason"] or "kept in: the sandbox stood every attack of its probe")]
    rows += [(model["id"], model["reason"] or f"answers within {model['seconds']:.2f} s") for model in found["models"]]
    body.clear()
    with body:
        pairs(rows)


def _card(title: str, rows: dict[str, str]) -> None:
    with tag("section", "card"):
        tag("h2", "", title)
        pairs(list(rows.items()))
