import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fastapi import FastAPI
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.errors import InvalidRequest
from tests.serving import listening

EXACT = {
    "type": "string_check",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}
JUDGE = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "{{sample.output_text}}"}]}


def grade(directory: Path, grader: Any, rows: str, *words: str) -> Result:
    (directory / "grader.json").write_text(grader if isinstance(grader, str) else json.dumps(grader))
    (directory / "rows.jsonl").write_text(rows)
    command = ["grade", str(directory / "grader.json"), str(directory / "rows.jsonl"), *words]
    return CliRunner().invoke(app, command)


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_every_row_gets_its_score(tmp_path):
    right, wrong = ({"item": {"answer": "4"}, "sample": answer} for answer in ("4", {"output_text": "5"}))
    done = grade(tmp_path, EXACT, lines(right, wrong, right, right))
    assert done.exit_code == 0, done.output
    table = [line.split() for line in done.output.splitlines()[:5]]
    assert [row[:2] for row in table] == [["line", "score"], ["1", "1"], ["2", "0"], ["3", "1"], ["4", "1"]]
    assert "mean 0.75 of 4 scores, 0 of 4 grades with faults" in done.output
    assert "0.9 .. 1        ████████████████████████████████████████ 3" in done.output


def test_a_fault_is_told_and_is_exit_code_1(tmp_path):
    both = {"type": "multi", "graders": {"good": EXACT, "bad": {**EXACT, "input": "{{item.x}}"}}}
    row = {"item": {"answer": "4"}, "sample": "4"}
    done = grade(tmp_path, {**both, "calculate_output": "good + bad"}, lines(row))
    assert done.exit_code == 1
    assert "bad: invalid_variable_error: 'item.x' is unknown" in done.output
    assert "1 of 1 grades with faults" in done.output


def test_tool_calls_can_be_graded(tmp_path):
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    named = {**EXACT, "input": "{{sample.output_tools[0].function.name}}", "reference": "look_up"}
    done = grade(tmp_path, named, lines({"sample": {"output_text": "", "output_tools": [call]}}))
    assert done.exit_code == 0, done.output


def test_a_line_ends_where_jsonl_says_so(tmp_path):
    row = {"item": {"answer": "a\u2028b"}, "sample": "a\u2028b"}
    done = grade(tmp_path, EXACT, json.dumps(row, ensure_ascii=False) + "\n\n")
    assert "mean 1 of 1 scores" in done.output


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "grader.json").write_bytes(b"\xff\xfe")
    (tmp_path / "rows.jsonl").write_text("")
    done = CliRunner().invoke(app, ["grade", str(tmp_path / "grader.json"), str(tmp_path / "rows.jsonl")])
    assert isinstance(done.exception, InvalidRequest)
    assert "grader.json: this is no text in UTF-8" in done.exception.message


def test_a_judge_is_asked_at_the_server(tmp_path):
    server, asked = FastAPI(), []

    @server.post("/v1/chat/completions")
    async def complete(body: dict[str, Any]) -> dict[str, Any]:
        asked.append((body["model"], body["messages"][0]["content"]))
        message = {"role": "assistant", "content": '{"steps": [], "result": 0.25}'}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "chatcmpl-1", "created": 0, "model": "judge", "choices": [choice]}

    with listening(server) as url:
        done = grade(tmp_path, JUDGE, lines({"sample": "hello"}), "--base-url", f"{url}/v1")
    assert done.exit_code == 0, done.output
    assert asked == [("judge", "hello")]
    assert "mean 0.25 of 1 scores" in done.output


def test_scores_beyond_1_widen_the_histogram(tmp_path):
    third = {"type": "multi", "graders": {"a": EXACT}, "calculate_output": "5 * a - 1"}
    done = grade(
        tmp_path, third, lines({"item": {"answer": "y"}, "sample": "y"}, {"item": {"answer": "n"}, "sample": "y"})
    )
    assert "-1 .. -0.5" in done.output
    assert "3.5 .. 4" in done.output


@pytest.mark.parametrize(
    ("grader", "rows", "complaint"),
    [
        ("{", "", "grader.json: this is no JSON"),
        ({**EXACT, "operation": "is"}, "", "grader.json: Invalid value for 'grader.operation': \"is\""),
        (EXACT, '\n{"item": 3, "sample": ""}', "rows.jsonl, line 2: a row is an object"),
        (EXACT, '{"sample": 3}', 'rows.jsonl, line 1: "sample" is a text'),
        (EXACT, "no", "rows.jsonl, line 1: this is no JSON"),
        (
            EXACT,
            '{"sample": "", "item": {}}\n{"sample": {"output_text": "", "output_tools": "f"}}',
            "rows.jsonl, line 2",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_place(tmp_path, grader, rows, complaint):
    done = grade(tmp_path, grader, rows)
    assert isinstance(done.exception, InvalidRequest)
    assert complaint in done.exception.message
