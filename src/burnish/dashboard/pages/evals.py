"""The list of evals."""

from typing import Any

from nicegui import ui
from openai import AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.client import Api
from burnish.dashboard.eval_recipe import new_eval
from burnish.dashboard.frame import shown
from burnish.dashboard.live_list import Listing, LiveList
from burnish.dashboard.pieces import code, link, moment, pill, spark, tag

Json = Any
_ORIGINS = {"": "All evals", "request": "Made by requests", "job": "Of jobs"}


def register(api: Api) -> None:
    """The page."""

    @ui.page("/evals", title="Evals · Burnish", response_timeout=30)
    async def evals(origin: str = "", search: str = "") -> Response | None:
        chosen = origin if origin in _ORIGINS else ""
        return await shown(api, "evals", "/evals", lambda client: _open(LiveList(client, _LISTING, chosen, search)))


async def _open(evals: LiveList) -> None:
    found = await evals.read()
    tag("h1", "head", "Evals")
    evals.open(found)
    with tag("details", "card below"):
        tag("summary", "", "New eval, as Python")
        code(new_eval(str(evals.client.base_url).rstrip("/")))


class _Line:
    """One eval's line."""

    def __init__(self, _client: AsyncOpenAI, summary: Json) -> None:
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


_LISTING = Listing(
    path="/burnish/evals",
    noun="eval",
    hint="Search by id, name or job",
    choice="origin",
    choice_label="Made by",
    choices=tuple(_ORIGINS.items()),
    columns=("Eval", "Last run", "Pass rate", "", "Runs", "Criteria", "Created"),
    line=_Line,
    nothing="An eval measures a model, or answers that are there already, by criteria of yours. Every job brings two "
    "of its own. To make one yourself, copy the Python below.",
)
