"""The list of jobs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import APIError, APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import words
from burnish.dashboard.client import Api, complaint, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pieces import TYPED, Tag, button, empty, heads, link, moment, options, spark, tag

Json = Any
EVERY_S = 2.0
PAGE = 25
_STATES = ("running", "queued", "validating_files", "pausing", "paused", "succeeded", "failed", "cancelled")
_COLUMNS = ("Job", "Status", "Progress", "Reward", "", "Cost", "Created", "")
MOVES = {
    "running": ("pause", "cancel"),
    "pausing": ("cancel",),
    "paused": ("resume", "cancel"),
    "queued": ("cancel",),
    "validating_files": ("cancel",),
}
"""What may be asked of a job, by its state."""


def register(api: Api) -> None:
    """The page at the root."""

    @ui.page("/", title="Jobs · Burnish", response_timeout=30)
    async def jobs(status: str = "", search: str = "") -> Response | None:
        chosen = status if status in _STATES else ""
        return await shown(api, "jobs", "/", lambda client: _Table(client, chosen, search).open())


async def move(client: AsyncOpenAI, job_id: str, what: str) -> None:
    """Pause, resume or cancel a job; what the server says against it is shown."""
    try:
        await client.post(f"/fine_tuning/jobs/{job_id}/{what}", cast_to=object)
        ui.notify({"pause": "Pausing after this step", "resume": "Resumed", "cancel": "Cancelled"}[what], color="dark")
    except APIStatusError as error:
        ui.notify(complaint(error), color="negative")


def offer(status: str, act: Callable[[str], Awaitable[None]], look: str = "") -> None:
    """A button for each thing that may be asked of a job in this state."""
    for what in MOVES.get(status, ()):
        pressed = button(what.capitalize(), classes=f"{look} danger".strip() if what == "cancel" else look)
        pressed.on("click", lambda what=what: act(what))


@dataclass(slots=True, repr=False, eq=False)
class _Table:
    """Rows that are changed in place, so that nobody loses their place."""

    client: AsyncOpenAI
    status: str
    search: str
    shown: int = PAGE
    rows: "dict[str, _Row]" = field(default_factory=dict)
    body: Tag = field(init=False)
    more: Tag = field(init=False)

    async def open(self) -> None:
        """Draw it, and keep it up to date."""
        found = await self._read()
        with tag("div", "spread head"):
            tag("h1", "", "Fine-tuning jobs")
            link("New job", "/create", "btn main-action")
        with tag("div", "row head"):
            words_ = {"placeholder": "Search by id, suffix or model   /", "value": self.search, "data_search": "yes"}
            searched = tag("input", "field grow", type="search", aria_label="Search jobs", **words_)
            searched.on("input", self._searched, js_handler=TYPED, throttle=0.3, leading_events=False)
            chosen = tag("select", "field", aria_label="Status")
            with chosen:
                options([("", "All statuses"), *((state, words.status(state)) for state in _STATES)], self.status)
            chosen.on("change", self._filtered, js_handler=TYPED)
        self.body = tag("div", "card flush")
        self.more = button("Show more", self._show_more)
        self._draw(found)
        ui.timer(EVERY_S, self.refresh)

    async def refresh(self) -> None:
        """Ask again, and change what has changed."""
        try:
            self._draw(await self._read())
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _read(self) -> Json:
        return await get(self.client, "/burnish/jobs", status=self.status, search=self.search, limit=self.shown)

    async def _searched(self, event: Any) -> None:
        self.search = str(event.args)
        await self.refresh()

    async def _filtered(self, event: Any) -> None:
        self.status = str(event.args)
        await self.refresh()

    async def _show_more(self) -> None:
        self.shown += PAGE
        await self.refresh()

    def _draw(self, found: Json) -> None:
        self.more.set_visibility(found["has_more"])
        summaries = {each["id"]: each for each in found["data"]}
        if not summaries or list(summaries) != list(self.rows):
            self._rebuild(summaries)
        for job_id, summary in summaries.items():
            self.rows[job_id].show(summary)

    def _rebuild(self, summaries: dict[str, Json]) -> None:
        self.body.clear()
        self.rows = {}
        with self.body:
            if not summaries and (self.status or self.search):
                empty("No job matches", "Change the search or the status above.")
            elif not summaries:
                text = "Upload rows, write a grader, and watch a model learn from its own answers."
                empty("No jobs yet", text, ("Create a job", "/create"))
            else:
                with tag("table", "table jobs"):
                    heads(*_COLUMNS)
                    with tag("tbody"):
                        self.rows = {job_id: _Row(self.client, each) for job_id, each in summaries.items()}


class _Row:
    """One job's line."""

    def __init__(self, client: AsyncOpenAI, summary: Json) -> None:
        self.client, self.job_id = client, summary["id"]
        self.last: Json = None
        with tag("tr"):
            with tag("td"), tag("a", "tight hover-line", href=f"/jobs/{self.job_id}"):
                tag("span", "strong", summary["suffix"] or summary["model"])
                tag("span", "small", f"{summary['model']} · {summary['method']}")
            with tag("td"):
                self.status = tag("span")
            with tag("td", "wide"):
                self.progress = tag("div", "tight")
                with self.progress:
                    self.steps = tag("span", "small num")
                    with tag("div", "bar"):
                        self.bar = tag("div")
            with tag("td", "num"):
                self.reward = tag("span", "strong num")
            with tag("td"):
                self.spark = ui.html("", sanitize=False)
            with tag("td", "num lesser"):
                self.cost = tag("span", "num")
            with tag("td", "lesser"):
                moment(summary["created_at"])
            with tag("td", "wide"):
                self.moves = tag("div", "row")

    def show(self, summary: Json) -> None:
        """The figures as they are now."""
        if summary == self.last:
            return
        if self.last is None or self.last["status"] != summary["status"]:
            self._show_state(summary["status"])
        self.last = summary
        step, total = summary["step"] or 0, summary["total_steps"]
        self.steps.set_text(f"Step {step:,} of {total:,}" if total else words.NOTHING)
        self.bar.style(f"width: {100 * step / total if total else 0:.1f}%")
        reward = summary["valid_reward"] if summary["valid_reward"] is not None else summary["train_reward"]
        self.reward.set_text(words.score(reward))
        self.spark.set_content(spark(summary["curve"]))
        cost = summary["cost_usd"]
        self.cost.set_text(words.money(cost) if cost else words.duration(summary["seconds"]))

    def _show_state(self, status: str) -> None:
        self.status.classes(replace=f"pill {status}").set_text(words.status(status))
        self.moves.clear()
        with self.moves:
            offer(status, lambda what: move(self.client, self.job_id, what), "bare")
