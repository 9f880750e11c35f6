"""One job: how it goes, what was asked for, what it said, made and used."""

from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import APIError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import words
from burnish.dashboard.charts import Chart, charts, option, with_shares
from burnish.dashboard.client import EVERY_S, Api, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pages import job_parts
from burnish.dashboard.pages.jobs import move, offer
from burnish.dashboard.pieces import Tag, empty, link, moment, stat, tag
from burnish.dashboard.signs import signs

Json = Any
TABS = {"charts": "Charts", "events": "Events", "checkpoints": "Checkpoints", "setup": "Setup", "ledger": "Ledger"}
POINTS = 300


def register(api: Api) -> None:
    """The page of a job."""

    @ui.page("/jobs/{job_id}", title="Job · Burnish", response_timeout=30)
    async def job(job_id: str, tab: str = "charts") -> Response | None:
        chosen = tab if tab in TABS else "charts"
        return await shown(api, "jobs", f"/jobs/{job_id}", lambda client: _Page(client, job_id).open(chosen))


@dataclass(slots=True, repr=False, eq=False)
class _Page:
    """The head of the page, and below it one of its tabs."""

    client: AsyncOpenAI
    job_id: str
    job: Json = None
    status: Tag = field(init=False)
    moves: Tag = field(init=False)
    error: Tag = field(init=False)
    figures: dict[str, Tag] = field(default_factory=dict)

    async def open(self, tab: str) -> None:
        """Draw all of it, and keep it up to date."""
        job = await self._job()
        self._head(job)
        with tag("div", "tabs"):
            for name, title in TABS.items():
                current = {"aria_current": "page"} if name == tab else {}
                tag(
                    "a",
                    f"tab {'here' if name == tab else ''}",
                    title,
                    href=f"/jobs/{self.job_id}?tab={name}",
                    **current,
                )
            tag("a", "tab", "Rollouts", href=f"/jobs/{self.job_id}/rollouts")
            tag("a", "tab", "Evals", href=f"/evals?search={self.job_id}")
        await self._show(job)
        ui.timer(EVERY_S, self.refresh)
        match tab:
            case "charts":
                _Charts(self.client, self.job_id).open()
            case "events":
                await job_parts.Events(self.client, self.job_id).open()
            case "checkpoints":
                await job_parts.checkpoints(self.client, self.job_id)
            case "setup":
                await job_parts.setup(self.client, job)
            case "ledger":
                job_parts.ledger(job)

    async def refresh(self) -> None:
        """Ask again, and change what has changed."""
        try:
            await self._show(await self._job())
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _job(self) -> Json:
        return await get(self.client, f"/fine_tuning/jobs/{self.job_id}")

    def _head(self, job: Json) -> None:
        with tag("div", "spread head"):
            with tag("div", "tight"):
                link("Jobs", "/", "small")
                with tag("div", "row"):
                    tag("h1", "", job["user_provided_suffix"] or job["model"])
                    self.status = tag("span")
                with tag("div", "row small"):
                    tag("span", "mono faint", job["id"])
                    tag("span", "", "created")
                    moment(job["created_at"])
            self.moves = tag("div", "row")
        self.error = tag("div", "note bad head")
        with tag("div", "stats head"):
            for name in ("Step", "Validation reward", "Train reward", "Trained tokens", "Time", "Cost", "Left"):
                self.figures[name] = stat(name)

    async def _show(self, job: Json) -> None:
        summary = (await get(self.client, "/burnish/jobs", search=self.job_id))["data"][0]
        if self.job is None or self.job["status"] != job["status"]:
            self._show_state(job)
        self.job = job
        usage = job["usage_metrics"] or {}
        step, total = summary["step"], summary["total_steps"]
        estimate = (usage.get("estimate") or {}).get("seconds")
        left = None if job["finished_at"] or estimate is None else max(0.0, estimate - summary["seconds"])
        for name, value in {
            "Step": f"{step:,} of {total:,}" if total else words.NOTHING,
            "Validation reward": words.score(summary["valid_reward"]),
            "Train reward": words.score(summary["train_reward"]),
            "Trained tokens": words.count(job["trained_tokens"]),
            "Time": words.duration(summary["seconds"]),
            "Cost": words.money(summary["cost_usd"]),
            "Left": f"about {words.duration(left)}" if left is not None else words.NOTHING,
        }.items():
            self.figures[name].set_text(value)

    def _show_state(self, job: Json) -> None:
        status = job["status"]
        self.status.classes(replace=f"pill {status}").set_text(words.status(status))
        self.error.set_visibility(status == "failed")
        self.error.set_text(job["error"]["message"] or "")
        self.moves.clear()
        with self.moves:
            if job["fine_tuned_model"]:
                link("Open in playground", f"/playground?models={job['fine_tuned_model']}", "btn main-action")
            offer(status, self._move)

    async def _move(self, what: str) -> None:
        await move(self.client, self.job_id, what)
        await self.refresh()


@dataclass(slots=True, repr=False, eq=False)
class _Charts:
    """All curves of a job, that grow as it goes on."""

    client: AsyncOpenAI
    job_id: str
    last: int = 0
    is_drawn: bool = False
    curves: dict[str, list[list[float]]] = field(default_factory=dict)
    drawn: list[Chart] = field(default_factory=list)
    charts: list[ui.echart] = field(default_factory=list)
    warnings: Tag = field(init=False)
    body: Tag = field(init=False)

    def open(self) -> None:
        """Draw them once the page is there, for a long job's take a second; then let them grow."""
        self.warnings, self.body = tag("div", "stack head"), tag("div", "grid wide")
        self.warnings.set_visibility(False)
        with self.body:
            tag("p", "small", "Reading the curves …")
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Add what is new."""
        try:
            if await self._grow() or not self.is_drawn:
                self._draw()
                self.is_drawn = True
        except APIError:
            return

    async def _grow(self) -> bool:
        new = await get(self.client, f"/burnish/jobs/{self.job_id}/series", points=POINTS, after_event=self.last)
        if new["last_event"] == self.last:
            return False
        self.last = new["last_event"]
        for path, curve in new["series"].items():
            known = self.curves.setdefault(path, [])
            first = curve[0][0] if curve else 0
            known[:] = [point for point in known if point[0] < first] + curve
        return True

    def _draw(self) -> None:
        curves = with_shares(self.curves)
        wanted = charts(curves)
        self._warn(signs(curves))
        if wanted != self.drawn or not wanted:
            self._rebuild(wanted)
        for chart, drawn in zip(self.charts, wanted, strict=True):
            chart.options.clear()
            chart.options.update(option(drawn, curves))
            chart.update()

    def _warn(self, sentences: list[str]) -> None:
        self.warnings.clear()
        self.warnings.set_visibility(bool(sentences))
        with self.warnings:
            for sentence in sentences:
                tag("div", "note", sentence)

    def _rebuild(self, wanted: list[Chart]) -> None:
        self.body.clear()
        self.drawn, self.charts = wanted, []
        with self.body:
            if not wanted:
                with tag("div", "card"):
                    empty("No step yet", "Curves appear with the validation pass before the first step.")
            for chart in wanted:
                with tag("section", "card"):
                    with tag("div", "spread"):
                        tag("h2", "", chart.title)
                        tag("span", "small faint", chart.unit)
                    self.charts.append(ui.echart({}).classes("chart"))
