"""One eval: its criteria, its runs as they go, and the choice of runs to compare."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from openai import APIError, APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.bars import Shares
from burnish.dashboard.charts import Chart, Line, option
from burnish.dashboard.client import Api, complaint, get
from burnish.dashboard.eval_recipe import new_run
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.evals import EVERY_S
from burnish.dashboard.pieces import Tag, button, code, empty, heads, link, moment, tag

Json = Any
PAGE = 25
POINTS = 200
_COLUMNS = ("", "Run", "Status", "Pass rate", "Criteria", "Tokens", "Created", "")
_RISE = Chart("How it rose", (Line("passed", "Pass rate"), Line("score", "Mean reward")), is_share=True)


def register(api: Api) -> None:
    """The page of an eval."""

    @ui.page("/evals/{eval_id}", title="Eval · Burnish", response_timeout=30)
    async def one_eval(eval_id: str) -> Response | None:
        return await shown(api, "evals", f"/evals/{eval_id}", lambda client: _Page(client, eval_id).open())


async def cancel(client: AsyncOpenAI, eval_id: str, run_id: str) -> None:
    """End a run; what the server says against it is shown."""
    try:
        await client.post(f"/evals/{eval_id}/runs/{run_id}/cancel", cast_to=object)
        ui.notify("Canceled; the items that are done stay.", color="dark")
    except APIStatusError as error:
        ui.notify(complaint(error), color="negative")


def comparison(eval_id: str, run_ids: list[str]) -> str:
    """Where runs are compared, the first being the baseline."""
    return f"/evals/{eval_id}/compare?{urlencode([('run_id', run_id) for run_id in run_ids])}"


async def summary_of(client: AsyncOpenAI, eval_id: str) -> Json:
    """An eval as lists show it."""
    found = (await get(client, "/burnish/evals", search=eval_id, points=POINTS))["data"]
    return next(each for each in found if each["id"] == eval_id)


@dataclass(slots=True, repr=False, eq=False)
class _Page:
    """The head, the rise of a job's eval, the criteria, and the runs, newest first."""

    client: AsyncOpenAI
    eval_id: str
    made: Json = None
    summary: Json = None
    limit: int = PAGE
    rows: "dict[str, _Row]" = field(default_factory=dict)
    chosen: dict[str, int] = field(default_factory=dict)
    """Runs to compare, and when they were made."""
    body: Tag = field(init=False)
    more: Tag = field(init=False)
    compare: Tag = field(init=False)

    async def open(self) -> None:
        """Draw all of it, and keep it up to date."""
        self.made = await get(self.client, f"/evals/{self.eval_id}")
        self.summary = await summary_of(self.client, self.eval_id)
        runs = await self._runs()
        await self._head()
        if self.made.get("fine_tuning_job_id") and len(self.summary["curve"]) > 1:
            _rise(self.client, self.made, self.summary["curve"])
        with tag("div", "spread below"):
            tag("h2", "", "Runs")
            self.compare = tag("a", "btn main-action", "Compare")
        self.body = tag("div", "card flush")
        self.more = button("Show older", self._show_older)
        self._draw(runs)
        self._choose()
        with tag("div", "grid wide below"):
            _criteria(self.made)
        with tag("details", "card below"):
            tag("summary", "", "New run, as Python")
            code(new_run(self.eval_id, runs["data"][0] if runs["data"] else None, _url(self.client)))
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Ask for what may have changed; runs that have ended have not."""
        try:
            summary = await summary_of(self.client, self.eval_id)
            if _newest(summary) != _newest(self.summary):
                self._draw(await self._runs())
            self.summary = summary
            for row in [row for row in self.rows.values() if outcomes.is_under_way(row.run)]:
                row.show(await get(self.client, f"/evals/{self.eval_id}/runs/{row.run['id']}"))
        except (APIError, StopIteration):
            return  # the server restarts, or the eval was deleted; the next turn asks again

    async def _runs(self) -> Json:
        return await get(self.client, f"/evals/{self.eval_id}/runs", order="desc", limit=self.limit)

    async def _show_older(self) -> None:
        self.limit += PAGE
        self._draw(await self._runs())

    async def _head(self) -> None:
        job_id = self.made.get("fine_tuning_job_id")
        with tag("div", "spread head"):
            with tag("div", "tight"):
                link("Evals", "/evals", "small")
                tag("h1", "", outcomes.title(self.summary))
                with tag("div", "row small"):
                    tag("span", "mono faint", self.eval_id)
                    tag("span", "", "created")
                    moment(self.made["created_at"])
            with tag("div", "row"):
                if job_id:
                    await self._ends()
                    link("Open job", f"/jobs/{job_id}", "btn")

    async def _ends(self) -> None:
        """A job's eval is mostly opened to see what training has brought."""
        last = self.summary["last_run"]
        first = (await get(self.client, f"/evals/{self.eval_id}/runs", limit=1))["data"]
        if first and first[0]["id"] != last["id"]:
            told = f"Compare {first[0]['name'].lower()} with {last['name'].lower()}"
            link(told, comparison(self.eval_id, [first[0]["id"], last["id"]]), "btn")

    def _draw(self, runs: Json) -> None:
        self.more.set_visibility(runs["has_more"])
        self.body.clear()
        with self.body:
            if not runs["data"]:
                empty("No runs yet", "A run measures one model, or stored answers. Copy the Python below to start one.")
                self.rows = {}
                return
            with tag("table", "table jobs runs"):
                heads(*_COLUMNS)
                with tag("tbody"):
                    self.rows = {run["id"]: _Row(self, run) for run in runs["data"]}

    def choose(self, run: Json, is_chosen: bool) -> None:
        """Take a run into the comparison, or out of it."""
        self.chosen.pop(run["id"], None)
        if is_chosen:
            self.chosen[run["id"]] = run["created_at"]
        self._choose()

    def _choose(self) -> None:
        order = [*self.rows]
        ids = sorted(self.chosen, key=lambda run_id: (self.chosen[run_id], -order.index(run_id)))
        self.compare.set_text(f"Compare {len(ids)} runs" if len(ids) > 1 else "Choose two runs to compare")
        self.compare.classes(add="" if len(ids) > 1 else "off", remove="off" if len(ids) > 1 else "")
        self.compare.props["href"] = comparison(self.eval_id, ids) if len(ids) > 1 else None
        self.compare.update()


class _Row:
    """One run's line."""

    def __init__(self, page: _Page, run: Json) -> None:
        self.page, self.run = page, run
        self.names = outcomes.criteria(page.made)
        with tag("tr"):
            with tag("td", "pick"):
                checked = {"checked": True} if run["id"] in page.chosen else {}
                box = tag("input", "", type="checkbox", aria_label=f"Compare {run['name']}", **checked)
                box.on("change", self._picked, js_handler="(event) => emit(event.target.checked)")
            with tag("td"), tag("a", "tight hover-line", href=f"/evals/{page.eval_id}/runs/{run['id']}"):
                tag("span", "strong", run["name"])
                tag("span", "small mono clip", run["model"] or "stored answers", title=run["model"] or "")
            with tag("td"), tag("div", "tight"):
                with tag("div", "row close"):
                    self.status = tag("span")
                    self.done = tag("span", "small num")
                self.shares = Shares()
            with tag("td", "num"):
                self.rate = tag("span", "strong num")
            self.criteria = tag("td", "small lesser stacked")
            self.tokens = tag("td", "num lesser")
            with tag("td", "lesser"):
                moment(run["created_at"])
            self.moves = tag("td", "wide")
        self.show(run)

    def show(self, run: Json) -> None:
        """The figures as they are now."""
        self.run = run
        counts = run["result_counts"]
        self.status.classes(replace=f"pill {run['status']}").set_text(words.status(run["status"]))
        under_way = outcomes.is_under_way(run)
        done, total = outcomes.done(counts), counts["total"]
        self.done.set_text(f"{done:,} of {total:,}" if under_way and total else f"{done:,} items")
        self.shares.show(counts)
        self.rate.set_text(words.percent(outcomes.pass_rate(counts)))
        per = run["per_testing_criteria_results"]
        told = [f"{self.names.get(each['testing_criteria'], '?')} {words.percent(_rate(each))}" for each in per]
        self.criteria.set_text("\n".join(told))
        self.tokens.set_text(words.count(outcomes.tokens(run)) if run["per_model_usage"] else words.NOTHING)
        self.moves.clear()
        if under_way:
            with self.moves:
                button("Cancel", self._cancel, "bare danger")

    def _picked(self, event: Any) -> None:
        self.page.choose(self.run, bool(event.args))

    async def _cancel(self) -> None:
        await cancel(self.page.client, self.page.eval_id, self.run["id"])
        await self.page.refresh()


def _rate(each: Json) -> float | None:
    judged = each["passed"] + each["failed"]
    return each["passed"] / judged if judged else None


def _newest(summary: Json) -> tuple[Json, Json]:
    return summary["runs"], (summary["last_run"] or {}).get("id")


def _url(client: AsyncOpenAI) -> str:
    return str(client.base_url).rstrip("/")


def _rise(client: AsyncOpenAI, made: Json, passed: Json) -> None:
    """The pass rate at once; the mean reward once the job's curves are read."""
    curves: dict[str, Json] = {"passed": passed}
    with tag("section", "card head"):
        with tag("div", "spread"):
            tag("h2", "", _RISE.title)
            tag("span", "small faint", "by step")
        chart = ui.echart(option(_RISE, curves)).classes("chart")

    async def add() -> None:
        try:
            job = f"/burnish/jobs/{made['fine_tuning_job_id']}/series"
            series = (await get(client, job, points=POINTS))["series"]
        except APIError:
            return  # the job was deleted
        curves["score"] = series.get(f"scores/{made['phase']}_reward_mean", [])
        chart.options.clear()
        chart.options.update(option(_RISE, curves))
        chart.update()

    ui.timer(0.1, add, once=True)


def _criteria(made: Json) -> None:
    for each in made["testing_criteria"]:
        with tag("section", "card stack"):
            with tag("div", "spread"):
                tag("h2", "", each["name"])
                tag("span", "small", each["type"].replace("_", " "))
            bar = each.get("pass_threshold")
            tag("span", "small", f"Passes from {bar:g}" if bar is not None else "Passes from the middle of its range")
            with tag("details"):
                tag("summary", "", "As JSON")
                tag("pre", "pre", json.dumps(each, indent=2, ensure_ascii=False))
