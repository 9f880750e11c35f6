"""Runs side by side: how each does, and what the others changed against the first."""

import json
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from nicegui import ui
from openai import APIStatusError, AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import outcomes, words
from burnish.dashboard.bars import extent, reach
from burnish.dashboard.client import Api, complaint, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pages.differences import difference, verdict
from burnish.dashboard.pages.one_eval import runs_of, summary_of
from burnish.dashboard.pieces import Tag, empty, heads, link, options, tag, trail

Json = Any
_OFFERED = 100
"""Runs that can be added by choosing."""
_SAMPLED = 60
"""Items that are looked at for fields to slice by."""
_CHANGED = 8
"""Rows either way that are shown with their answers."""


def register(api: Api) -> None:
    """The page of a comparison."""

    @ui.page("/evals/{eval_id}/compare", title="Comparison · Burnish", response_timeout=30)
    async def eval_compare(
        eval_id: str,
        run_id: Annotated[list[str] | None, Query()] = None,
        slice_by: Annotated[list[str] | None, Query(alias="slice")] = None,
        criterion: str = "",
    ) -> Response | None:
        asked = _Asked(eval_id, tuple(dict.fromkeys(run_id or ())), tuple(slice_by or ()), criterion)
        return await shown(api, "evals", asked.address(), lambda client: _Page(client, asked).open())


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address says."""

    eval_id: str
    runs: tuple[str, ...]
    slices: tuple[str, ...]
    criterion: str

    def address(self, runs: tuple[str, ...] | None = None) -> str:
        """Where this is seen, or the same of other runs."""
        named = [("run_id", run_id) for run_id in (self.runs if runs is None else runs)]
        return f"/evals/{self.eval_id}/compare?{urlencode([*named, *self.choices()])}"

    def choices(self) -> list[tuple[str, str]]:
        """What was chosen beside the runs, as a query has it."""
        chosen = [("criterion", self.criterion)] if self.criterion else []
        return [*chosen, *(("slice", path) for path in self.slices)]


@dataclass(slots=True, repr=False, eq=False)
class _Page:
    """What is compared, and below it the report once it is there."""

    client: AsyncOpenAI
    asked: _Asked
    made: Json = None
    names: dict[str, str] = field(default_factory=dict)
    body: Tag = field(init=False)

    async def open(self) -> None:
        """Draw the head; over thousands of items the report takes a moment."""
        path = f"/evals/{self.asked.eval_id}"
        self.made = await get(self.client, path)
        summary = await summary_of(self.client, self.asked.eval_id)
        listed = (await runs_of(self.client, self.asked.eval_id, _OFFERED))["data"]
        self.names = {each["id"]: each["name"] for each in listed}
        with tag("div", "head tight"):
            trail(("Evals", "/evals"), (outcomes.title(summary), path))
            tag("h1", "", "Comparison")
        await self._controls()
        self.body = tag("div", "stack")
        if not self.asked.runs:
            with self.body, tag("div", "card"):
                empty("Nothing to compare yet", "Add two runs above; the first is the baseline.")
            return
        with self.body:
            tag("p", "small", "Comparing …")
        ui.timer(0.05, self._report, once=True)

    async def _controls(self) -> None:
        asked, criteria = self.asked, list(outcomes.criteria(self.made).values())
        with tag("div", "row head"):
            if len(criteria) > 1:
                choices = [("", "Mean of all criteria"), *((name, f"Only {name}") for name in criteria)]
                _choice("Criterion", "criterion", choices, asked.criterion)
            if asked.runs:
                paths = dict.fromkeys([*asked.slices, *await self._fields()])
                choices = [("", "No slices"), *((path, f"Sliced by {path.removeprefix('item.')}") for path in paths)]
                _choice("Slices", "slice", choices, asked.slices[0] if asked.slices else "")
            others = [(run_id, name) for run_id, name in self.names.items() if run_id not in asked.runs]
            if others:
                _choice("Add a run", "run_id", [("", "Add a run …"), *others], "", adds=True)

    async def _fields(self) -> list[str]:
        """What the first items of the baseline have in common."""
        path = f"/evals/{self.asked.eval_id}/runs/{self.asked.runs[0]}/output_items"
        try:
            return outcomes.fields((await get(self.client, path, limit=_SAMPLED))["data"])
        except APIStatusError:
            return []  # a run of another eval, or one whose answers have gone

    async def _report(self) -> None:
        asked = self.asked
        query = [*(("run_id", run_id) for run_id in asked.runs), *asked.choices(), ("changed", str(_CHANGED))]
        try:
            found = await get(self.client, f"/evals/{asked.eval_id}/compare?{urlencode(query)}")
        except APIStatusError as error:
            self.body.clear()
            with self.body:
                tag("div", "note bad", complaint(error))
            return
        self.body.clear()
        runs = {run["run_id"]: run for run in found["runs"]}
        with self.body:
            if len(runs) == 1:
                tag("div", "note", "Add another run above: this one is the baseline.")
            low, high = extent([each["difference"] for each in found["differences"]], around_zero=True)
            for each in found["differences"]:
                verdict(each, runs, low, high)
            self._standings(found["runs"])
            for each in found["differences"]:
                difference(each, runs, is_open=len(found["differences"]) == 1)

    def _standings(self, runs: list[Json]) -> None:
        low, high = extent([run["score"] for run in runs], around_zero=False)
        with tag("section", "card flush scroll"), tag("table", "table"):
            heads("Run", "Score", "Pass rate", "Criteria", "Errors", "Per answer", "Cost")
            with tag("tbody"):
                for place, run in enumerate(runs):
                    with tag("tr"):
                        with tag("td"):
                            self._who(run, is_baseline=place == 0)
                        with tag("td"), tag("div", "tight"):
                            _measured(run["score"], ".3f")
                            reach(run["score"], low, high)
                        with tag("td"), tag("div", "tight"):
                            _measured(run["pass_rate"], ".0%")
                        told = [f"{name} {words.score(mean)}" for name, mean in run["criteria"].items()]
                        tag("td", "num small stacked", "\n".join(told))
                        tag("td", "num", words.count(run["errors"]))
                        with tag("td"), tag("div", "tight"):
                            used = run["tokens_per_answer"]
                            tag("span", "num", f"{used:,.0f} tokens" if used is not None else words.NOTHING)
                            took = run["seconds_per_answer"]
                            tag("span", "num small", words.duration(took) if took is not None else "")
                        tag("td", "num", words.money(run["usd"]))

    def _who(self, run: Json, *, is_baseline: bool) -> None:
        run_id = run["run_id"]
        others = tuple(each for each in self.asked.runs if each != run_id)
        with tag("div", "tight"):
            link(run["name"], f"/evals/{run['eval_id']}/runs/{run_id}", "strong linked")
            tag("span", "small mono clip", words.short(run["model"] or "stored answers"), title=run["model"] or "")
            with tag("div", "row small"):
                if is_baseline:
                    tag("span", "faint", "Baseline")
                else:
                    link("Make baseline", self.asked.address((run_id, *others)), "linked")
                if len(others) > 1:
                    link("Remove", self.asked.address(others), "linked")


def _measured(found: Json, form: str) -> None:
    tag("span", "num strong", f"{found['mean']:{form}}" if found else words.NOTHING)
    tag("span", "small num faint", outcomes.span(found, form) if found else "")


def _choice(title: str, key: str, choices: list[tuple[str, str]], chosen: str, *, adds: bool = False) -> None:
    """A choice that is kept in the address."""
    with tag("select", "field", aria_label=title) as select:
        options(choices, chosen)
    change = "append" if adds else "set"
    handler = (
        "(event) => {{ const to = new URL(location), key = {key}; "
        "if (event.target.value) to.searchParams.{change}(key, event.target.value); else to.searchParams.delete(key); "
        "location = to; }}"
    )
    select.on("change", js_handler=handler.format(key=json.dumps(key), change=change))
