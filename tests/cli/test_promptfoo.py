import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.errors import BurnishError, InvalidRequest
from burnish.server.app import app_of
from tests.contract.test_evals import CONFIG, EXACT, content, ended
from tests.door import opened
from tests.evals.evaluating import evaluating
from tests.serving import listening


@pytest.fixture
def door(tmp_path):
    with opened(tmp_path / "data") as door:
        yield door


@pytest.fixture
def burnish(door):
    with listening(app_of(door.state)) as address:
        yield lambda *words: CliRunner().invoke(
            app, ["export", "promptfoo", *map(str, words), "--base-url", f"{address}/v1"]
        )


@pytest.fixture
def eval_id(door) -> str:
    made: str = door.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT]).id
    return made


def configuration(directory: Path):
    shown = yaml.safe_load((directory / "promptfooconfig.yaml").read_text())
    return shown, [json.loads(line)["vars"] for line in (directory / "tests.jsonl").read_text().splitlines()]


def test_an_eval_that_is_not_there_is_told(burnish, tmp_path):
    result = burnish("eval_none", tmp_path / "out")
    assert isinstance(result.exception, BurnishError)
    assert "eval_none" in str(result.exception)


def test_an_eval_without_runs_wants_rows(burnish, eval_id, tmp_path):
    result = burnish(eval_id, tmp_path / "out")
    assert isinstance(result.exception, InvalidRequest)
    assert "name the rows with --rows" in str(result.exception)


@pytest.mark.parametrize(("line", "complaint"), [("{", "this is no JSON"), ("[]", "a row is an object")])
def test_a_bad_row_is_named(burnish, eval_id, tmp_path, line, complaint):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(f'{{"answer": "4"}}\n\n{line}\n')
    result = burnish(eval_id, tmp_path / "out", "--rows", rows, "--model", "tiny")
    assert f"line 3: {complaint}" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_stored_answers_are_written_with_their_rows(burnish, door, eval_id, tmp_path):
    with evaluating(door.state.settings):
        run = ended(door.client, door.client.evals.runs.create(eval_id, data_source=content(("a", "a"), ("a", "b"))))
    result = burnish(eval_id, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "2 rows" in result.output
    shown, rows = configuration(tmp_path / "out")
    assert shown["providers"] == ["echo"]
    assert sorted(row["sample"]["output_text"] for row in rows) == ["a", "b"]
    again = burnish(eval_id, tmp_path / "again", "--run", run.id, "--model", "tiny")
    assert again.exit_code == 0, again.output
    shown, rows = configuration(tmp_path / "again")
    assert (shown["providers"][0]["id"], rows) == ("openai:chat:tiny", [{"item": {"answer": "a"}}] * 2)


def test_a_runs_rows_are_written_once_whatever_the_answers(burnish, door, tmp_path):
    remote = {"away": {"base_url": "http://127.0.0.1:1/v1", "attempts": 1}}
    with opened(tmp_path / "other", models={"remote": remote}) as other, evaluating(other.state.settings):
        made = other.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
        source = {
            "type": "completions",
            "model": "away",
            "samples": 2,
            "source": {"type": "file_content", "content": [{"item": {"answer": answer}} for answer in "ab"]},
            "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.answer}}"}]},
        }
        ended(other.client, other.client.evals.runs.create(made.id, data_source=source))
        with listening(app_of(other.state)) as address:
            words = ["export", "promptfoo", made.id, str(tmp_path / "out"), "--base-url", f"{address}/v1"]
            assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    shown, rows = configuration(tmp_path / "out")
    assert sorted(row["item"]["answer"] for row in rows) == ["a", "b"]
    assert (shown["providers"][0]["id"], shown["evaluateOptions"]) == ("openai:chat:away", {"repeat": 2})


def test_rows_come_from_a_file(burnish, eval_id, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"answer": "4", "messages": []}\n{"item": {"answer": "5"}}\n')
    result = burnish(eval_id, tmp_path / "out", "--rows", rows, "--model", "tiny", "--model", "other")
    assert result.exit_code == 0, result.output
    shown, found = configuration(tmp_path / "out")
    assert [each["label"] for each in shown["providers"]] == ["tiny", "other"]
    assert [row["item"]["answer"] for row in found] == ["4", "5"]
