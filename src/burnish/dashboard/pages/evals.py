"""The list of evals."""

from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import APIError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.client import Api, get
from burnish.dashboard.eval_recipe import new_eval
from burnish.dashboard.frame import shown
from burnish.dashboard.pieces import TYPED, Tag, button, code, empty, heads, link, moment, options, pill, spark, tag

Json = Any
EVERY_S = 2.0
PAGE = 25
_ORIGINS = {"": "All evals", "request": "Made by requests", "job": "Of jobs"}
_COLUMNS = ("Eval", "Last run", "Pass rate", "", "Runs", "Criteria", "Created")


def register(api: Api) -> None:
    """The page."""

    @ui.page("/evals", title="Evals · Burnish", response_timeout=30)
    async def evals(origin: str = "", search: str = "") -> Response | None:
        chosen = origin if origin in _ORIGINS else ""
        return await shown(api, "evals", "/evals", lambda client: _Table(client, chosen, search).open())


@dataclass(slots=True, repr=False, eq=False)
class _Table:
    """Rows that are changed in place, so that nobody loses their place."""

    client: AsyncOpenAI
    origin: str
    search: str
    shown: int = PAGE
    rows: "dict[str, _Row]" = field(default_factory=dict)
    body: Tag = field(init=False)
    more: Tag = field(init=False)

    async def open(self) -> None:
        """Draw it, and keep it up to date."""
        found = await self._read()
        tag("h1", "head", "Evals")
        with tag("div", "row head"):
            words_ = {"placeholder": "Search by id, name or job   /", "value": self.search, "data_search": "yes"}
            searched = tag("input", "field grow", type="search", aria_label="Search evals", **words_)
            searched.on("input", self._searched, js_handler=TYPED, throttle=0.3, leading_events=False)
            chosen = tag("select", "field", aria_label="Made by")
            with chosen:
                options(_ORIGINS.items(), self.origin)
            chosen.on("change", self._filtered, js_handler=TYPED)
        self.body = tag("div", "card flush scroll")
        self.more = button("Show more", self._show_more)
        with tag("details", "card below"):
            tag("summary", "", "New eval, as Python")
            code(new_eval(str(self.client.base_url).rstrip("/")))
        self._draw(found)
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Ask again, and change what has changed."""
        try:
            self._draw(await self._read())
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _read(self) -> Json:
        return await get(self.client, "/burnish/evals", origin=self.origin, search=self.search, limit=self.shown)

    async def _searched(self, event: Any) -> None:
        self.search = str(event.args)
        await self.refresh()

    async def _filtered(self, event: Any) -> None:
        self.origin = str(event.args)
        await self.refresh()

    async def _show_more(self) -> None:
        self.shown += PAGE
        await self.refresh()

    def _draw(self, found: Json) -> None:
        self.more.set_visibility(found["has_more"])
        summaries = {each["id"]: each for each in found["data"]}
        if not summaries or list(summaries) != list(self.rows):
            self._rebuild(summaries)
        for eval_id, summary in summaries.items():
            self.rows[eval_id].show(summary)

    def _rebuild(self, summaries: dict[str, Json]) -> None:
        self.body.clear()
        self.rows = {}
        with self.body:
            if not summaries and (self.origin or self.search):
                empty("No eval matches", "Change the search or the choice above.")
            elif not summaries:
                text = (
                    "An eval measures a model, or answers that are there already, by criteria of yours. Every job "
                    "brings two of its own. To make one yourself, copy the Python below."
                )
                empty("No evals yet", text, ("Create a job", "/create"))
            else:
                with tag("table", "table jobs"):
                    heads(*_COLUMNS)
                    with tag("tbody"):
                        self.rows = {eval_id: _Row(each) for eval_id, each in summaries.items()}


class _Row:
    """One eval's line."""

    def __init__(self, summary: Json) -> None:
        self.last: Json = None
        job_id = summary["fine_tuning_job_id"]
        with tag("tr"):
            with tag("td"), tag("div", "tight"):
                with tag("a", "tight hover-line", href=f"/evals/{summary['id']}"):
                    tag("span", "strong", outcomes.title(summary))
                if job_id is not None:
                    link(job_id, f"/jobs/{job_id}", "mono linked clip")
                else:
                    tag("span", "small mono clip", summary["id"])
            with tag("td"):
                self.run = tag("div", "row close")
            with tag("td", "num"):
                self.rate = tag("span", "strong num")
            with tag("td"):
                self.spark = ui.html("", sanitize=False)
            with tag("td", "num lesser"):
                self.runs = tag("span", "num")
            tag("td", "lesser small", words.short(", ".join(summary["criteria"]), 40))
            with tag("td", "lesser"):
                moment(summary["created_at"])

    def show(self, summary: Json) -> None:
        """The figures as they are now."""
        if summary == self.last:
            return
        self.last = summary
        run = summary["last_run"]
        self.run.clear()
        with self.run:
            if run is None:
                tag("span", "small", "No run yet")
            else:
                pill(run["status"])
                link(run["name"], f"/evals/{summary['id']}/runs/{run['id']}", "small linked")
        self.rate.set_text(words.percent(None if run is None else outcomes.pass_rate(run["result_counts"])))
        self.spark.set_content(spark(summary["curve"]))
        self.runs.set_text(words.count(summary["runs"]))
