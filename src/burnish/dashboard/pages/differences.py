"""What one run changed against the baseline: in a sentence, by slices, and row by row."""

from typing import Any

from burnish.dashboard import outcomes, words
from burnish.dashboard.bars import extent, reach
from burnish.dashboard.pages.rollouts import readable
from burnish.dashboard.pieces import heads, link, pill, tag

Json = Any
_ANSWERS = 1
"""Answers to a row that are shown at once; the others unfold."""


def verdict(found: Json, runs: dict[str, Json], low: float, high: float) -> None:
    """The answer in a sentence, the interval on an axis from `low` to `high`, and how many rows went which way."""
    tone = outcomes.tone(found)
    with tag("section", "card stack verdict"):
        with tag("div", "tight"):
            tag("span", "small", f"{runs[found['run_id']]['name']}, against {runs[found['baseline_id']]['name']}")
            tag("h2", tone, found["verdict"])
        if not found["rows"]:
            return
        reach(found["difference"], low, high, tone)
        with tag("div", "ways"):
            for name, key in (("better", "wins"), ("the same", "ties"), ("worse", "losses")):
                if found[key]:
                    tag("span", f"way {key}", f"{found[key]:,} {name}").style(f"flex-grow: {found[key]}")
        with tag("div", "row small"):
            tag("span", "num", f"{found['rows']:,} rows in both")
            tag("span", "num", f"{found['decisions']['now_pass']:,} pass that failed")
            tag("span", "num", f"{found['decisions']['now_fail']:,} fail that passed")
            if found["unpaired"]:
                tag("span", "num", f"{found['unpaired']:,} could not be paired")


def difference(found: Json, runs: dict[str, Json], *, is_open: bool) -> None:
    """Slices, and the rows that changed most with both answers."""
    if not found["slices"] and not found["changed"]:
        return
    baseline, other = runs[found["baseline_id"]], runs[found["run_id"]]
    with tag("section", "stack"):
        tag("h2", "below", f"{baseline['name']} → {other['name']}")
        for path in dict.fromkeys(each["field"] for each in found["slices"]):
            _slices([each for each in found["slices"] if each["field"] == path])
        for name, sign in (("better", 1), ("worse", -1)):
            rows = [each for each in found["changed"] if each["difference"] * sign > 0]
            if rows:
                with tag("details", "stack", open=is_open):
                    tag("summary", "", f"What got {name} most")
                    with tag("div", "stack"):
                        for each in rows:
                            _row(each, baseline, other)


def _slices(slices: list[Json]) -> None:
    low, high = extent([each["difference"] for each in slices], around_zero=True)
    with tag("section", "card flush scroll"), tag("table", "table"):
        heads(slices[0]["field"].removeprefix("item."), "Rows", "Difference", "", "Better", "Worse", "Same")
        with tag("tbody"):
            for each in slices:
                with tag("tr"):
                    tag("td", "strong", each["value"])
                    tag("td", "num", words.count(each["rows"]))
                    tag("td", f"num {outcomes.tone(each)}", outcomes.interval(each["difference"], "+.3f"))
                    with tag("td", "axis"):
                        reach(each["difference"], low, high, outcomes.tone(each))
                    for key in ("wins", "losses", "ties"):
                        tag("td", "num", words.count(each[key]))


def _row(found: Json, baseline: Json, other: Json) -> None:
    item = {"datasource_item": found["datasource_item"], "sample": {}}
    with tag("article", "card stack"):
        with tag("div", "spread"):
            with tag("div", "tight grow"):
                tag("span", "small faint", f"Row {found['datasource_item_id'] + 1}")
                tag("div", "say strong", outcomes.question(item)[:1000])
            tag("span", f"num strong {'good' if found['difference'] > 0 else 'bad'}", f"{found['difference']:+.3f}")
        with tag("div", "sided"):
            for run, key in ((baseline, "before"), (other, "after")):
                with tag("div", "stack"):
                    tag("span", "small faint", run["name"])
                    for answer in found[key][:_ANSWERS]:
                        _answer(answer, run)
                    if len(found[key]) > _ANSWERS:
                        with tag("details"):
                            tag("summary", "", f"{len(found[key]) - _ANSWERS} more")
                            with tag("div", "stack"):
                                for answer in found[key][_ANSWERS:]:
                                    _answer(answer, run)


def _answer(answer: Json, run: Json) -> None:
    with tag("div", "answer"):
        with tag("div", "row"):
            pill(answer["status"])
            tag("span", "num small", " · ".join(words.score(score) for score in answer["scores"]))
            at = f"/evals/{run['eval_id']}/runs/{run['run_id']}/items/{answer['output_item_id']}"
            link("Open", at, "small linked")
        tag("div", "say", readable(answer["content"]) or "(no text)")
