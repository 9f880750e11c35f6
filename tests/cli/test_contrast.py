import io
from typing import Any

from rich.console import Console

from burnish.cli.contrast import contrast


def run(run_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "name": run_id,
        "model": "tiny",
        "rows": 2000,
        "score": {"mean": 0.5, "low": 0.25, "high": 0.75},
        "pass_rate": None,
        "errors": 0,
        "criteria": {"exact": 0.5},
        "seconds_per_answer": None,
        "tokens_per_answer": 12.6,
        "usd": 0.012,
    } | changes


def difference(**changes: Any) -> dict[str, Any]:
    return {
        "run_id": "b",
        "rows": 9,
        "unpaired": 0,
        "difference": {"mean": 0.25, "low": 0.1, "high": 0.4},
        "is_significant": True,
        "verdict": "Better by +0.250.",
        "decisions": {"now_pass": 3, "now_fail": 1},
        "slices": [],
        "changed": [],
    } | changes


def printed(*differences: dict[str, Any], runs: list[dict[str, Any]] | None = None) -> str:
    console = Console(file=io.StringIO(), width=200)
    for part in contrast({"runs": runs or [run("a"), run("b")], "differences": list(differences)}):
        console.print(part, highlight=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_run_is_a_line_with_what_it_takes():
    line = next(line for line in printed().splitlines() if line.startswith("a "))
    assert line.split() == ["a", "tiny", "2,000", "0.500", "[0.250,", "0.750]", "-", "0", "-", "13", "0.0120", "USD"]


def test_runs_of_one_name_are_told_apart_by_their_ids():
    text = printed(difference(run_id="2"), runs=[run("1", name="Unnamed run"), run("2", name="Unnamed run"), run("c")])
    assert "Unnamed run (2) against Unnamed run (1)" in text


def test_criteria_are_shown_where_there_are_several():
    assert "criterion" not in printed()
    text = printed(runs=[run("a", criteria={"exact": 0.5, "alike": 0.25}), run("b", criteria={"exact": 1.0})])
    assert [line.split() for line in text.splitlines() if line.startswith(("exact", "alike"))] == [
        ["exact", "0.500", "1.000"],
        ["alike", "0.250", "-"],
    ]


def test_a_difference_is_told_in_words():
    text = printed(difference(unpaired=4))
    assert "b against a\nBetter by +0.250.\n3 rows that failed now pass, 1 that passed now fail.\n4 rows" in text


def test_runs_without_a_common_row_flip_no_decision():
    assert "now pass" not in printed(difference(rows=0, difference=None, is_significant=False, unpaired=9))


def test_slices_say_which_of_them_are_significant():
    part = {"field": "item.topic", "rows": 9, "wins": 3, "losses": 2, "ties": 4}
    apart = {"difference": {"mean": -0.5, "low": -0.75, "high": -0.25}, "is_significant": True}
    none = {"difference": None, "is_significant": False}
    text = printed(difference(slices=[{**part, "value": "law", **apart}, {**part, "value": "art", **none}]))
    lines = [line.strip() for line in text.splitlines() if line.startswith("item.topic")]
    assert lines[0].endswith("-0.500 [-0.750, -0.250]  3       2      4     significant")
    assert lines[1].startswith("item.topic = art  9     -")


def test_rows_that_changed_show_both_answers_on_one_line():
    said = [{"content": "[bold]no\nmarkup[/bold]"}]
    row = {"datasource_item_id": 7, "difference": -1.0, "before": said, "after": []}
    chat = {**row, "datasource_item": {"messages": [{"role": "user", "content": "Why?"}], "answer": "x"}}
    plain = {**row, "datasource_item": {"question": "y" * 99}}
    lines = [line for line in printed(difference(changed=[chat, plain])).splitlines() if line.startswith("7 ")]
    assert lines[0].split() == ["7", "-1.000", "Why?", "[bold]no", "markup[/bold]", "-"]
    assert f'{{"question": "{"y" * 45}…' in lines[1]
