"""One run of an eval: how it goes, its report by criterion, and its items."""

from dataclasses import dataclass, field
from typing import Any

from nicegui import ui
from openai import APIError, APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.bars import Shares
from burnish.dashboard.client import EVERY_S, Api, answering, complaint, get, post
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.items import Items
from burnish.dashboard.pages.one_eval import cancel, comparison, runs_of, summary_of
from burnish.dashboard.pieces import TYPED, Tag, button, heads, moment, options, stat, tag, trail

Json = Any
LATER_S = 1.0
"""When means are asked for: the first items come before them."""
_OTHERS = 100
"""Runs that are offered for a comparison."""


def register(api: Api) -> None:
    """The page of a run."""

    @ui.page("/evals/{eval_id}/runs/{run_id}", title="Run · Burnish", response_timeout=30)
    async def eval_run(eval_id: str, run_id: str) -> Response | None:
        path = f"/evals/{eval_id}/runs/{run_id}"
        return await shown(api, "evals", path, lambda client: _Page(client, eval_id, run_id).open())


@dataclass(slots=True, repr=False, eq=False)
class _Page:
    """What the run came to, above its items."""

    client: AsyncOpenAI
    eval_id: str
    run_id: str
    run: Json = None
    figures: dict[str, Tag] = field(default_factory=dict)
    report: "dict[str, _Criterion]" = field(default_factory=dict)
    status: Tag = field(init=False)
    moves: Tag = field(init=False)
    error: Tag = field(init=False)
    shares: Shares = field(init=False)
    items: Items = field(init=False)

    async def open(self) -> None:
        """Draw all of it, and keep it up to date while the run goes on."""
        made = await get(self.client, f"/evals/{self.eval_id}")
        run = await self._read()
        await self._head(made, run)
        with tag("div", "stats"):
            for name in ("Pass rate", "Mean score", "Items", "Errors", "Tokens", "Cost", "Time"):
                self.figures[name] = stat(name)
        self.shares = Shares()
        self._report(made)
        if made.get("fine_tuning_job_id") is None and "input_messages" in run["data_source"]:
            await self._again(run)
        self.items = Items(self.eval_id, self.run_id, list(outcomes.criteria(made).values()))
        self._show(run)
        ui.timer(EVERY_S, self.refresh)
        ui.timer(LATER_S, self._scores, once=True)

    async def refresh(self) -> None:
        """Ask again while there is something to come."""
        if not outcomes.is_under_way(self.run):
            return
        try:
            self._show(await self._read())
            if not outcomes.is_under_way(self.run):
                await self._scores()
        except APIError:
            return  # the server restarts, perhaps; the next turn asks again

    async def _read(self) -> Json:
        return await get(self.client, f"/evals/{self.eval_id}/runs/{self.run_id}")

    async def _head(self, made: Json, run: Json) -> None:
        summary = await summary_of(self.client, self.eval_id)
        with tag("div", "spread head"):
            with tag("div", "tight"):
                trail(("Evals", "/evals"), (outcomes.title(summary), f"/evals/{self.eval_id}"))
                with tag("div", "row"):
                    tag("h1", "", run["name"])
                    self.status = tag("span")
                with tag("div", "row small"):
                    tag("span", "mono faint", run["model"] or "stored answers")
                    moment(run["created_at"])
            with tag("div", "row"):
                self.moves = tag("div", "row")
                await self._compare()
        self.error = tag("div", "note bad head")

    async def _compare(self) -> None:
        others = (await runs_of(self.client, self.eval_id, _OTHERS))["data"]
        choices = [(each["id"], each["name"]) for each in others if each["id"] != self.run_id]
        if choices:
            with tag("select", "field", aria_label="Compare with") as select:
                options([("", "Compare with …"), *choices], "")

            def go(event: Any) -> None:
                if event.args:
                    ui.navigate.to(comparison(self.eval_id, [str(event.args), self.run_id]))

            select.on("change", go, js_handler=TYPED)

    async def _again(self, run: Json) -> None:
        """The same questions to another model."""
        names = await answering(self.client)
        chosen = {"model": run["model"] if run["model"] in names else names[0]}

        async def start() -> None:
            source = {**run["data_source"], "model": chosen["model"]}
            sent = {"name": f"{run['name']}: {chosen['model']}", "data_source": source}
            try:
                begun = await post(self.client, f"/evals/{self.eval_id}/runs", sent)
            except APIStatusError as error:
                ui.notify(complaint(error), color="negative")
                return
            ui.navigate.to(f"/evals/{self.eval_id}/runs/{begun['id']}")

        with tag("details", "card below"):
            tag("summary", "", "Run it again, with another model")
            with tag("div", "row"):
                with tag("select", "field grow", aria_label="Model of the new run") as select:
                    options([(name, name) for name in names], chosen["model"])
                select.on("change", lambda event: chosen.update(model=str(event.args)), js_handler=TYPED)
                button("Start run", start, "main-action")

    def _report(self, made: Json) -> None:
        with tag("section", "card flush scroll below"), tag("table", "table"):
            heads("Criterion", "Passes from", "Passed", "Failed", "Pass rate", "Mean score")
            with tag("tbody"):
                for each in made["testing_criteria"]:
                    self.report[each["id"]] = _Criterion(each)

    def _show(self, run: Json) -> None:
        if self.run is None or self.run["status"] != run["status"]:
            self._show_state(run)
        self.run = run
        counts, began = run["result_counts"], run["started_at"]
        took = run["finished_at"] - began if began and run["finished_at"] else None
        for name, value in {
            "Pass rate": words.percent(outcomes.pass_rate(counts)),
            "Items": words.count(outcomes.done(counts)),
            "Errors": words.count(counts["errored"]),
            "Tokens": words.count(outcomes.tokens(run)) if run["per_model_usage"] else words.NOTHING,
            "Time": words.duration(took) if took else words.NOTHING,
        }.items():
            self.figures[name].set_text(value)
        self.shares.show(counts)
        self.items.follow(counts, is_under_way=outcomes.is_under_way(run))
        for count in run["per_testing_criteria_results"]:
            if count["testing_criteria"] in self.report:
                self.report[count["testing_criteria"]].show(count)

    def _show_state(self, run: Json) -> None:
        status, under_way = run["status"], outcomes.is_under_way(run)
        self.status.classes(replace=f"pill {status}").set_text(words.status(status))
        self.error.set_visibility(run["error"] is not None)
        self.error.set_text((run["error"] or {}).get("message") or "")
        self.moves.clear()
        if under_way:
            with self.moves:
                button("Cancel", self._cancel, "danger")

    async def _scores(self) -> None:
        """Means with their intervals, which take a moment over thousands of items."""
        if outcomes.is_under_way(self.run):
            return
        try:
            path = f"/evals/{self.eval_id}/compare"
            standing = (await get(self.client, path, run_id=self.run_id, changed=0))["runs"][0]
        except APIError:
            return  # a job's answers may have gone
        score = standing["score"]
        self.figures["Mean score"].set_text(words.score(score["mean"] if score else None))
        self.figures["Mean score"].props["title"] = f"95 % interval: {outcomes.interval(score)}"
        self.figures["Mean score"].update()
        self.figures["Cost"].set_text(words.money(standing["usd"]))
        for row in self.report.values():
            row.mean.set_text(words.score(standing["criteria"].get(row.name)))

    async def _cancel(self) -> None:
        await cancel(self.client, self.eval_id, self.run_id)
        await self.refresh()


class _Criterion:
    """One criterion's line of the report."""

    def __init__(self, criterion: Json) -> None:
        self.name = criterion["name"]
        bar = criterion.get("pass_threshold")
        with tag("tr"):
            with tag("td"), tag("div", "tight"):
                tag("span", "strong", criterion["name"])
                tag("span", "small", criterion["type"].replace("_", " "))
            tag("td", "num soft", f"{bar:g}" if bar is not None else "middle of its range")
            self.passed, self.failed = tag("td", "num"), tag("td", "num")
            with tag("td"), tag("div", "tight"):
                self.rate = tag("span", "num strong")
                self.shares = Shares()
            self.mean = tag("td", "num", words.NOTHING)

    def show(self, count: Json) -> None:
        """The counts as they are now."""
        counts = {**count, "errored": 0, "total": count["passed"] + count["failed"]}
        self.passed.set_text(words.count(count["passed"]))
        self.failed.set_text(words.count(count["failed"]))
        self.rate.set_text(words.percent(outcomes.pass_rate(counts)))
        self.shares.show(counts)
