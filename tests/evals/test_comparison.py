from collections.abc import Collection
from typing import Any

import pytest

from burnish.core.evaluation import EvalItem, EvalRun, ModelUse
from burnish.core.rollout import TokenUsage
from burnish.evals.comparison import Comparison, verdict
from burnish.settings import Settings
from tests.rows import eval_item, eval_run

PRICES = {"judges": {"judge": {"input_usd": 2.0, "output_usd": 10.0}}}


def report(*runs: list[EvalItem], usage: dict[str, ModelUse] | None = None, **options: Any) -> dict[str, Any]:
    """Compare runs that have these items."""
    items = {f"evalrun_{number}": run for number, run in enumerate(runs)}
    records = [eval_run(name, "eval_1", model="tiny", usage=usage or {}) for name in items]
    settings = Settings(models={"remote": {"judge": {"base_url": "http://127.0.0.1:1/v1"}}}, prices=PRICES)

    def items_of(run: EvalRun, rows: Collection[int] | None) -> list[EvalItem]:
        return [item for item in items[run.id] if rows is None or item.row in rows]

    return Comparison(settings=settings, items_of=items_of, **options).report(records)


def run(*passed: bool, item: Any = None) -> list[EvalItem]:
    """A run that answered its rows so, each row an item of its own."""
    return [
        eval_item("evalrun", row, passed=each, item=item(row) if item else {"n": row})
        for row, each in enumerate(passed)
    ]


def test_rows_are_paired_and_their_differences_counted():
    found = report(run(False, False, True, True), run(True, False, False, True))
    [difference] = found["differences"]
    assert (difference["baseline_id"], difference["run_id"]) == ("evalrun_0", "evalrun_1")
    assert [difference[key] for key in ("rows", "wins", "losses", "ties", "unpaired")] == [4, 1, 1, 2, 0]
    assert difference["difference"]["mean"] == 0.0
    assert difference["decisions"] == {"now_pass": 1, "now_fail": 1}
    assert not difference["is_significant"]
    assert difference["verdict"].startswith("No significant difference: +0.000")


def test_a_gain_on_every_row_is_certain():
    found = report(run(*[False] * 8), run(*[True] * 8))["differences"][0]
    assert found["difference"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert found["verdict"] == "Better by +1.000 [+1.000, +1.000]: 8 rows better, 0 worse, 0 the same."
    assert report(run(*[True] * 8), run(*[False] * 8))["differences"][0]["verdict"].startswith("Worse by -1.000")


def test_a_row_that_holds_something_else_is_not_compared():
    found = report(run(True, True), run(False, True, item=lambda row: {"n": 9 * row}))["differences"][0]
    assert (found["rows"], found["unpaired"], found["wins"], found["losses"]) == (1, 1, 0, 1)


def test_runs_without_a_common_row_say_so():
    found = report(run(True), [])["differences"][0]
    assert (found["rows"], found["difference"], found["unpaired"]) == (0, None, 1)
    assert "no rows in common" in found["verdict"]


def test_slices_are_the_values_of_a_field_the_largest_first():
    def item(row: int) -> dict[str, Any]:
        return {"n": row, "topic": "a" if row == 0 else "b"}

    found = report(run(False, True, True, item=item), run(True, True, False, item=item), slices=("item.topic",))
    slices = found["differences"][0]["slices"]
    assert [(part["value"], part["rows"], part["difference"]["mean"]) for part in slices] == [
        ("b", 2, -0.5),
        ("a", 1, 1.0),
    ]


def test_the_rows_that_changed_most_are_shown_with_both_answers():
    found = report(run(False, True, True), run(True, True, False), changed=5)["differences"][0]["changed"]
    assert [(row["datasource_item"], row["difference"]) for row in found] == [({"n": 0}, 1.0), ({"n": 2}, -1.0)]
    assert (found[0]["before"][0]["status"], found[0]["after"][0]["status"]) == ("fail", "pass")
    assert found[0]["after"][0]["content"] == "4"
    assert report(run(False), run(True), changed=0)["differences"][0]["changed"] == []


def test_a_run_is_told_with_its_score_its_cost_and_its_answers_length():
    usage = {"tiny": ModelUse(2, TokenUsage(100, 30)), "judge": ModelUse(2, TokenUsage(1_000_000, 100_000))}
    items = [
        eval_item("evalrun", row, passed=row == 0, sample={"seconds": 2.0 * row, "output": []}) for row in range(2)
    ]
    [standing] = report(items, usage=usage)["runs"]
    assert (standing["rows"], standing["answers"], standing["errors"]) == (2, 2, 0)
    assert standing["score"]["mean"] == standing["pass_rate"]["mean"] == 0.5
    assert (standing["seconds_per_answer"], standing["tokens_per_answer"]) == (1.0, 15.0)
    assert standing["usd"] == pytest.approx(2.0 + 1.0)


def test_a_run_of_errors_alone_has_no_score():
    [standing] = report([eval_item("evalrun", 0, status="error", results=[])])["runs"]
    assert (standing["rows"], standing["errors"], standing["score"], standing["usd"]) == (0, 1, None, None)


def test_an_interval_about_nothing_is_no_difference_in_words():
    found = {
        "rows": 3,
        "wins": 2,
        "losses": 1,
        "ties": 0,
        "is_significant": False,
        "difference": {"mean": 0.1, "low": -0.2, "high": 0.4},
    }
    assert verdict(found) == "No significant difference: +0.100 [-0.200, +0.400], 2 rows better, 1 worse, 0 the same."
