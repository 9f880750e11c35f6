"""The list of jobs."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from openai import APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import words
from burnish.dashboard.client import Api, complaint
from burnish.dashboard.frame import shown
from burnish.dashboard.live_list import Listing, LiveList
from burnish.dashboard.pieces import button, link, moment, spark, tag

Json = Any
_STATES = ("running", "queued", "validating_files", "pausing", "paused", "succeeded", "failed", "cancelled")
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
        return await shown(api, "jobs", "/", lambda client: _open(LiveList(client, _LISTING, chosen, search)))


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


async def _open(jobs: LiveList) -> None:
    found = await jobs.read()
    with tag("div", "spread head"):
        tag("h1", "", "Fine-tuning jobs")
        link("New job", "/create", "btn main-action")
    jobs.open(found)


class _Line:
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


_LISTING = Listing(
    path="/burnish/jobs",
    noun="job",
    hint="Search by id, suffix or model",
    choice="status",
    choice_label="Status",
    choices=(("", "All statuses"), *((state, words.status(state)) for state in _STATES)),
    columns=("Job", "Status", "Progress", "Reward", "", "Cost", "Created", ""),
    line=_Line,
    nothing="Upload rows, write a grader, and watch a model learn from its own answers.",
)
