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
from burnish.dashboard.client import EVERY_S, Api, complaint, get
from burnish.dashboard.eval_recipe import new_run
from burnish.dashboard.frame import shown
from burnish.dashboard.pieces import Tag, button, code, empty, heads, link, moment, tag

Json = Any
PAGE = 25
POINTS = 200
_COLUMNS = ("", "Run", "Status", "Pass rate", "Criteria", "Tokens", "Created", "")
_RISE = Chart("From step to step", (Line("passed", "Pass rate"), Line("score", "Mean reward")), is_share=True)


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
    return await get(client, f"/burnish/evals/{eval_id}", points=POINTS)


async def runs_of(client: AsyncOpenAI, eval_id: str, limit: int) -> Json:
    """Its last runs, newest first."""
    return await get(client, f"/burnish/evals/{eval_id}/runs", limit=limit)


@dataclass(slots=True, repr=False, eq=False)
class _Page:
    """The head, the rise of a job's eval, the runs, newest first, and the criteria."""

    client: AsyncOpenAI
    eval_id: str
    made: Json = None
    summary: Json = None
    limit: int = PAGE
    rows: "dict[str, _Row]" = field(default_factory=dict)
    chosen: set[str] = field(default_factory=set)
    """Runs to compare."""
    rise: "_Rise | None" = None
    body: Tag = field(init=False)
    more: Tag = field(init=False)
    compare: Tag = field(init=False)

    async def open(self) -> None:
        """Draw all of it, and keep it up to date."""
        self.made = await get(self.client, f"/evals/{self.eval_id}")
        self.summary = await summary_of(self.client, self.eval_id)
        runs = await runs_of(self.client, self.eval_id, self.limit)
        await self._head()
        if self.made.get("fine_tuning_job_id"):
            self.rise = _Rise(self.client, self.made)
            self.rise.show(self.summary["curve"])
        with tag("div", "spread below"):
            tag("h2", "", "Runs")
            self.compare = tag("a")
        self.body = tag("div", "card flush")
        self.more = button("Show older", self._show_older)
        self._draw(runs)
        self._choose()
        with tag("div", "grid wide below"):
            _criteria(self.made)
        with tag("details", "card below"):
            tag("summary", "", "New run, as Python")
            code(new_run(self.eval_id, await self._last(), str(self.client.base_url).rstrip("/")))
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Ask again, and change what has changed."""
        try:
            summary = await summary_of(self.client, self.eval_id)
            if summary != self.summary or any(outcomes.is_under_way(row.run) for row in self.rows.values()):
                self._draw(await runs_of(self.client, self.eval_id, self.limit))
                if self.rise is not None:
                    self.rise.show(summary["curve"])
            self.summary = summary
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _last(self) -> Json:
        """The newest run with its data source."""
        run = self.summary["last_run"]
        return None if run is None else await get(self.client, f"/evals/{self.eval_id}/runs/{run['id']}")

    async def _show_older(self) -> None:
        self.limit += PAGE
        self._draw(await runs_of(self.client, self.eval_id, self.limit))

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
        found = {run["id"]: run for run in runs["data"]}
        if not found or list(found) != list(self.rows):
            self._rebuild(found)
        for run_id, run in found.items():
            self.rows[run_id].show(run)

    def _rebuild(self, found: dict[str, Json]) -> None:
        self.body.clear()
        self.rows = {}
        with self.body:
            if not found:
                empty("No runs yet", "A run measures one model, or stored answers. Copy the Python below to start one.")
                return
            with tag("table", "table jobs runs"):
                is_judged_once = len(self.made["testing_criteria"]) == 1
                heads(*(name for name in _COLUMNS if name != "Criteria" or not is_judged_once))
                with tag("tbody"):
                    self.rows = {run_id: _Row(self, run) for run_id, run in found.items()}

    def choose(self, run: Json, is_chosen: bool) -> None:
        """Take a run into the comparison, or out of it."""
        (self.chosen.add if is_chosen else self.chosen.discard)(run["id"])
        self._choose()

    def _choose(self) -> None:
        """The oldest of them is the baseline."""
        ids = [run_id for run_id in reversed(self.rows) if run_id in self.chosen]
        can_go = len(ids) > 1
        self.compare.set_text(f"Compare {len(ids)} runs" if can_go else "Choose two runs to compare")
        self.compare.classes(replace="btn main-action" if can_go else "btn off")
        self.compare.props["href"] = comparison(self.eval_id, ids) if can_go else None
        self.compare.update()


class _Row:
    """One run's line."""

    def __init__(self, page: _Page, run: Json) -> None:
        self.page = page
        self.run: Json = None
        self.names = outcomes.criteria(page.made)
        with tag("tr"):
            with tag("td", "pick"):
                checked = {"checked": True} if run["id"] in page.chosen else {}
                box = tag("input", "", type="checkbox", aria_label=f"Compare {run['name']}", **checked)
                box.on("change", self._picked, js_handler="(event) => emit(event.target.checked)")
            with tag("td"), tag("a", "tight hover-line", href=f"/evals/{page.eval_id}/runs/{run['id']}"):
                tag("span", "strong", run["name"])
                tag("span", "small mono clip", words.short(run["model"] or "stored answers"), title=run["model"] or "")
            with tag("td"), tag("div", "tight"):
                with tag("div", "row close"):
                    self.status = tag("span")
                    self.done = tag("span", "small num")
                self.shares = Shares()
            with tag("td", "num"):
                self.rate = tag("span", "strong num")
            if len(self.names) > 1:
                self.criteria = tag("td", "small lesser stacked")
            self.tokens = tag("td", "num lesser")
            with tag("td", "lesser"):
                moment(run["created_at"])
            self.moves = tag("td", "wide")
        self.show(run)

    def show(self, run: Json) -> None:
        """The figures as they are now."""
        if run == self.run:
            return
        self.run = run
        counts = run["result_counts"]
        self.status.classes(replace=f"pill {run['status']}").set_text(words.status(run["status"]))
        under_way = outcomes.is_under_way(run)
        done, total = outcomes.done(counts), counts["total"]
        self.done.set_text(f"{done:,} of {total:,}" if under_way and total else f"{done:,} items")
        self.shares.show(counts)
        self.rate.set_text(words.percent(outcomes.pass_rate(counts)))
        if len(self.names) > 1:
            per = run["per_testing_criteria_results"]
            told = [
                f"{self.names.get(each['testing_criteria'], '?')} {words.percent(outcomes.pass_rate(each))}"
                for each in per
            ]
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


class _Rise:
    """How a job's eval went from step to step."""

    def __init__(self, client: AsyncOpenAI, made: Json) -> None:
        self.client, self.made = client, made
        self.curves: dict[str, Json] = {}
        self.card = tag("section", "card head")
        with self.card:
            with tag("div", "spread"):
                tag("h2", "", _RISE.title)
                tag("span", "small faint", "share of answers, and reward")
            self.chart = ui.echart({}).classes("chart")

    def show(self, passed: Json) -> None:
        """The pass rate at once; the mean reward once the job's curves are read, if there are any."""
        self.card.set_visibility(len(passed) > 1)
        if passed != self.curves.get("passed"):
            self.curves["passed"] = passed
            self._draw()
            ui.timer(0.1, self._add, once=True)

    async def _add(self) -> None:
        try:
            path = f"/burnish/jobs/{self.made['fine_tuning_job_id']}/series"
            series = (await get(self.client, path, points=POINTS))["series"]
        except APIError:
            return  # the job was deleted
        self.curves["score"] = series.get(f"scores/{self.made['phase']}_reward_mean", [])
        self._draw()

    def _draw(self) -> None:
        self.chart.options.clear()
        self.chart.options.update(option(_RISE, self.curves))
        self.chart.update()


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
