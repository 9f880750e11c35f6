"""Every answer of a step, beside its question; and one question's answers from step to step."""

import difflib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from openai import AsyncOpenAI
from starlette.responses import Response

from burnish.dashboard import words
from burnish.dashboard.client import Api, get
from burnish.dashboard.frame import shown
from burnish.dashboard.pieces import Tag, button, empty, link, options, tag

Json = Any
GROUPS = 6
"""Groups that are drawn at first, and with each press of the button below them."""
_SHOWN = {
    "all": "All answers",
    "low": "Score below 0.5",
    "high": "Score of 0.5 or more",
    "fault": "With a fault",
}


def register(api: Api) -> None:
    """The pages of rollouts."""

    @ui.page("/jobs/{job_id}/rollouts", title="Rollouts · Burnish", response_timeout=30)
    async def of_step(job_id: str, step: int | None = None, phase: str = "train", show: str = "all") -> Response | None:
        async def draw(client: AsyncOpenAI) -> None:
            found = await get(client, f"/burnish/jobs/{job_id}/rollouts", step=step, phase=phase)
            _Step(job_id, found, show if show in _SHOWN else "all").open()

        return await shown(api, "jobs", f"/jobs/{job_id}/rollouts", draw)

    @ui.page("/jobs/{job_id}/rows/{line}", title="Row · Burnish", response_timeout=30)
    async def of_row(job_id: str, line: int, phase: str = "valid") -> Response | None:
        async def draw(client: AsyncOpenAI) -> None:
            _row(job_id, await get(client, f"/burnish/jobs/{job_id}/rollouts/rows/{line}", phase=phase))

        return await shown(api, "jobs", f"/jobs/{job_id}/rows/{line}", draw)


@dataclass(slots=True, repr=False, eq=False)
class _Step:
    """The groups of one step; more are drawn when they are asked for."""

    job_id: str
    found: Json
    show: str
    drawn: int = 0
    groups: list[Json] = field(init=False)
    body: Tag = field(init=False)
    more: Tag = field(init=False)

    def open(self) -> None:
        """Draw the head and the first groups."""
        with tag("div", "head tight"):
            link("Job", f"/jobs/{self.job_id}", "small")
            tag("h1", "", "Rollouts")
        if self.found["step"] is None:
            with tag("div", "card"):
                empty("No answers yet", "They appear with the validation pass before the first step.")
            return
        self._controls()
        wanted = [
            (group, [each for each in group["answers"] if _is_shown(each, self.show)]) for group in self.found["groups"]
        ]
        groups = [{**group, "answers": answers} for group, answers in wanted if answers]
        self.groups = sorted(groups, key=_is_flat)
        self.body = tag("div", "stack")
        self.more = button("Show more rows", self.draw)
        if not self.groups:
            with self.body, tag("div", "card"):
                empty("No answer matches", "Choose another step, phase or filter above.")
        self.draw()

    def draw(self) -> None:
        """A few groups more."""
        with self.body:
            for group in self.groups[self.drawn : self.drawn + GROUPS]:
                self._group(group)
        self.drawn += GROUPS
        self.more.set_visibility(self.drawn < len(self.groups))

    def _controls(self) -> None:
        steps, step, phase = self.found["steps"], self.found["step"], self.found["phase"]
        place = steps.index(step)
        with tag("div", "row head"):
            if place > 0:
                link("‹ Earlier", self._to(step=steps[place - 1]), "btn")
            self._choice("Step", "step", [(str(each), f"Step {each}") for each in steps], str(step))
            if place + 1 < len(steps):
                link("Later ›", self._to(step=steps[place + 1]), "btn")
            self._choice("Phase", "phase", [("train", "Training"), ("valid", "Validation")], phase)
            self._choice("Show", "show", list(_SHOWN.items()), self.show)

    def _choice(self, title: str, key: str, choices: list[tuple[str, str]], chosen: str) -> None:
        with tag("select", "field", aria_label=title) as select:
            options(choices, chosen)
        handler = f"(event) => {{ const to = new URL(location); to.searchParams.set({json.dumps(key)}, "
        select.on("change", js_handler=f"{handler}event.target.value); location = to; }}")

    def _to(self, step: int) -> str:
        query = {"step": step, "phase": self.found["phase"], "show": self.show}
        return f"/jobs/{self.job_id}/rollouts?{urlencode(query)}"

    def _group(self, group: Json) -> None:
        rewards = [each["reward"] for each in group["answers"] if each["reward"] is not None]
        with tag("section", "card stack"):
            with tag("div", "spread"):
                with tag("div", "tight grow"):
                    tag("span", "small faint", f"Row {group['line']}")
                    _question(group["item"])
                with tag("div", "row"):
                    if rewards:
                        tag("span", "num strong", f"mean {sum(rewards) / len(rewards):.3f}")
                    to = f"/jobs/{self.job_id}/rows/{group['line']}?phase={self.found['phase']}"
                    link("Follow this row", to, "btn")
            with tag("div", "answers"):
                for each in group["answers"]:
                    answer(each)


def _is_shown(answer: Json, show: str) -> bool:
    reward = answer["reward"] or 0.0
    match show:
        case "low":
            return reward < 0.5
        case "high":
            return reward >= 0.5
        case "fault":
            return bool(answer["ungraded"] or _faults(answer["grade"]))
    return True


def _is_flat(group: Json) -> bool:
    """Whether nothing was learnt from it; such groups come last."""
    return all(not each["advantage"] for each in group["answers"])


def _question(item: Json) -> None:
    if item is None:
        tag("span", "soft", "The file of this row was deleted.")
        return
    messages = item.get("messages") or []
    last = messages[-1].get("content") if messages else None
    tag("div", "say strong", last if isinstance(last, str) else json.dumps(item, ensure_ascii=False)[:600])
    with tag("details"):
        tag("summary", "", "The whole row")
        tag("pre", "pre", json.dumps(item, indent=2, ensure_ascii=False))


def answer(each: Json, before: str | None = None) -> None:
    """One answer with its scores; its colour is its advantage. With `before`, what has changed since."""
    with tag("article", "answer").style(f"--tint: {tint(each['advantage'])}"):
        with tag("div", "spread"):
            tag("span", "num strong", words.score(each["reward"]))
            advantage = each["advantage"]
            told = "no gradient" if advantage is None else f"advantage {advantage:+.2f}"
            tag("span", "small num", told)
        if each["reasoning"]:
            with tag("details"):
                tag("summary", "", "Reasoning")
                tag("div", "say soft", each["reasoning"])
        if before is None:
            tag("div", "say", readable(each["text"]) or "(no text)")
        else:
            _difference(readable(before), readable(each["text"]))
        for call in each["tool_calls"]:
            tag("pre", "pre", json.dumps(call, indent=2, ensure_ascii=False))
        _scores(each)
        _tokens(each)


def readable(text: str | None) -> str:
    """An answer; one in JSON with a line for each of its fields."""
    if not text or not text.startswith(("{", "[")):
        return text or ""
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        return text


def tint(advantage: float | None) -> str:
    """Green for what is made likelier, red for what is made rarer; the stronger, the fuller."""
    if advantage is None or advantage == 0:
        return "var(--line)"
    share = min(100, round(35 + 40 * abs(advantage)))
    return f"color-mix(in srgb, var(--{'good' if advantage > 0 else 'bad'}) {share}%, transparent)"


def _scores(each: Json) -> None:
    grade = each["grade"]
    if each["ungraded"]:
        tag("span", "small", f"Not graded: {each['ungraded']}".replace("_", " "))
    if grade is None:
        return
    with tag("div", "row small"):
        for name, part in grade["parts"].items():
            tag("span", "num", f"{name} {words.score(part['score'])}")
    for fault in _faults(grade):
        tag("div", "note bad", fault)


def _faults(grade: Json) -> list[str]:
    if grade is None:
        return []
    own = [f"{grade['name']}: {each['fault']}. {each['detail']}".replace("_", " ") for each in grade["faults"]]
    return own + [fault for part in grade["parts"].values() for fault in _faults(part)]


def _tokens(each: Json) -> None:
    """Drawn by the page when it is opened: the fuller a token's colour, the more surprising it was."""
    logprobs = each["logprobs"]
    with tag("details") as details:
        tag("summary", "", f"{len(logprobs)} tokens, by log-prob")
        strip = tag("div", "tokens")
    given = json.dumps([logprobs, each.get("tokens")])  # jobs of earlier versions left no texts

    def draw() -> None:
        ui.run_javascript(f"window.burnish.spell({json.dumps(strip.html_id)}, ...{given})")

    details.on("toggle", draw, args=[])


def _row(job_id: str, found: Json) -> None:
    with tag("div", "head tight"):
        link("Rollouts", f"/jobs/{job_id}/rollouts?{urlencode({'phase': found['phase']})}", "small")
        tag("h1", "", f"Row {found['line']} from step to step")
        _question(found["item"])
    if not found["steps"]:
        with tag("div", "card"):
            empty("No answers to this row", "It comes up once in every epoch of training, or in every validation pass.")
    before: str | None = None
    with tag("div", "stack"):
        for each in found["steps"]:
            rewards = [answer["reward"] or 0.0 for answer in each["answers"]]
            best = each["answers"][rewards.index(max(rewards))]
            with tag("section", "card stack"):
                with tag("div", "row"):
                    tag("h2", "", f"Step {each['step']}")
                    tag("span", "small num", f"mean {sum(rewards) / len(rewards):.3f} of {len(rewards)} answers")
                    link(
                        "All answers",
                        f"/jobs/{job_id}/rollouts?{urlencode({'step': each['step'], 'phase': found['phase']})}",
                        "small",
                    )
                tag(
                    "span",
                    "small faint",
                    "The best of them" + (", against the step before" if before is not None else ""),
                )
                answer(best, before)
            before = best["text"] or ""


def _difference(before: str, after: str) -> None:
    old, new = re.split(r"(\s+)", before), re.split(r"(\s+)", after)
    with tag("div", "say"):
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind in ("delete", "replace"):
                tag("del", "", "".join(old[a:b]))
            if kind != "delete":
                tag("span" if kind == "equal" else "ins", "", "".join(new[c:d]))
