import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from burnish.core.errors import InvalidRequest
from burnish.leave.promptfoo import Promptfoo, Row
from tests.rows import GRADER

ID = "6f1c6b5e-6c1f-4c1e-9d6b-0d3f5a1b2c3d"
EVAL = {"id": "eval_a", "name": "sums", "testing_criteria": [{**GRADER, "id": f"exact-{ID}"}]}
TEMPLATE = [
    {"role": "developer", "content": "Be {brief}."},
    {"role": "user", "content": {"type": "input_text", "text": "What is {{item.sum}}?"}},
]
ASKED = {
    "type": "completions",
    "model": "tiny",
    "source": {"type": "file_id", "id": "file-a"},
    "input_messages": {"type": "template", "template": TEMPLATE},
    "sampling_params": {"temperature": 0, "top_p": 1.0, "seed": 0, "max_completions_tokens": 9, "tools": None},
}
ROWS = [Row({"sum": "2 + 2", "answer": "4", "list": ["a"]}), Row({"sum": 5, "answer": "5"})]


def written(
    directory: Path, rows: list[Row] = ROWS, models: tuple[str, ...] = ("tiny",), **changes: Any
) -> tuple[dict[str, Any], list[Any]]:
    """The configuration and the tests."""
    source = changes.pop("data_source", ASKED)
    promptfoo = Promptfoo({**EVAL, **changes}, source, models, "http://here/v1")
    assert promptfoo.write(directory / "out", rows).rows == len(rows)
    shown = yaml.safe_load((directory / "out" / "promptfooconfig.yaml").read_text())
    return shown, [json.loads(line) for line in (directory / "out" / "tests.jsonl").read_text().splitlines()]


def test_a_directory_that_is_there_is_left_alone(tmp_path):
    with pytest.raises(InvalidRequest, match="is there already"):
        Promptfoo(EVAL, ASKED, ["tiny"], "http://here/v1").write(tmp_path, ROWS)


def test_without_rows_nothing_is_left_behind(tmp_path):
    with pytest.raises(InvalidRequest, match="There are no rows"):
        Promptfoo(EVAL, ASKED, ["tiny"], "http://here/v1").write(tmp_path / "out", [])
    assert not (tmp_path / "out").exists()


def test_a_row_that_nobody_is_asked_about_needs_an_answer(tmp_path):
    with pytest.raises(InvalidRequest, match="Row 1 has no answer to be graded"):
        Promptfoo(EVAL, None, [], "http://here/v1").write(tmp_path / "out", [Row({}, "4"), Row({})])


def test_a_template_is_a_chat_that_promptfoo_fills_in(tmp_path):
    shown, tests = written(tmp_path)
    assert shown["description"] == "sums (eval_a)"
    assert json.loads(shown["prompts"][0]["raw"]) == [
        {"role": "developer", "content": "Be {brief}."},
        {"role": "user", "content": "What is {{ item.sum if item.sum is string else item.sum | dump }}?"},
    ]
    assert tests == [{"vars": {"item": row.item}} for row in ROWS]
    assert shown["tests"] == "file://tests.jsonl"
    assert shown["defaultTest"] == {
        "options": {"disableVarExpansion": True},
        "assert": [{"type": "equals", "value": "{{ item.answer }}", "metric": "exact"}],
    }


def test_the_server_is_asked_as_an_eval_asks(tmp_path):
    shown, _ = written(tmp_path, models=("tiny", "ft:tiny:local::abcd"))
    assert [each["id"] for each in shown["providers"]] == ["openai:chat:tiny", "openai:chat:ft:tiny:local::abcd"]
    assert shown["providers"][0]["config"] == {
        "apiBaseUrl": "http://here/v1",
        "apiKeyRequired": False,
        "omitDefaults": True,
        "showThinking": False,
        "passthrough": {"temperature": 0, "top_p": 1.0, "max_completion_tokens": 9, "seed": 0},
    }
    assert "evaluateOptions" not in shown


def test_several_answers_per_row_have_no_seed(tmp_path):
    shown, _ = written(tmp_path, data_source={**ASKED, "samples": 3})
    assert shown["evaluateOptions"] == {"repeat": 3}
    assert "seed" not in shown["providers"][0]["config"]["passthrough"]


def test_messages_of_the_rows_are_asked_as_they_are(tmp_path):
    reference = {"type": "item_reference", "item_reference": "{{item.input-messages}}"}
    shown, _ = written(tmp_path, data_source={**ASKED, "input_messages": reference})
    path = 'item["input-messages"]'
    assert shown["prompts"][0]["raw"] == f"{{{{ {path} if {path} is string else {path} | dump }}}}"


@pytest.mark.parametrize(("source", "key"), [(None, "messages"), ({"type": "completions"}, "input")])
def test_what_is_asked_without_a_template_lies_in_the_row(tmp_path, source, key):
    shown, _ = written(tmp_path, data_source=source)
    assert f"item.{key} | dump" in shown["prompts"][0]["raw"]


def test_formats_and_tools_of_responses_are_asked_for_in_chats_terms(tmp_path):
    answer = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": True}
    tool = {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False}
    params = {"temperature": 1, "text": {"format": answer}, "tools": [tool]}
    shown, _ = written(tmp_path, data_source={**ASKED, "type": "responses", "sampling_params": params})
    passed = shown["providers"][0]["config"]["passthrough"]
    assert passed["response_format"]["json_schema"]["name"] == "a"
    assert passed["tools"][0]["function"]["name"] == "look"


def test_a_format_that_is_none_is_left_out_and_told(tmp_path):
    source = {**ASKED, "type": "responses", "sampling_params": {"text": {"format": {"type": "song"}}}}
    notes = Promptfoo(EVAL, source, ["a", "b"], "http://here/v1").write(tmp_path / "out", ROWS).notes
    assert [note for note in notes if "left out" in note] == [
        "The run's text format or its tools are of no shape that is known here; they are left out."
    ]


def test_answers_that_are_there_are_graded_without_asking(tmp_path):
    shown, tests = written(tmp_path, [Row({"answer": "4"}, "{{4}}")], (), data_source=None)
    assert (shown["providers"], shown["prompts"][0]["raw"]) == (["echo"], "{{ sample.output_text }}")
    assert tests == [{"vars": {"item": {"answer": "4"}, "sample": {"output_text": "{{4}}"}}}]


def test_graders_are_files_beside_the_configuration(tmp_path):
    python = {"type": "python", "name": "P", "source": "def grade(s, i):\n    return 1", "id": f"P-{ID}"}
    magic = {"type": "magic", "id": "m-1"}
    promptfoo = Promptfoo({**EVAL, "testing_criteria": [python, magic]}, ASKED, ["tiny"], "http://here/v1")
    notes = promptfoo.write(tmp_path / "out", ROWS).notes
    assert next(note for note in notes if "m-1" in note).endswith("It is left out.")
    assert (tmp_path / "out" / "graders" / "1_p.py").read_text().startswith("def grade(s, i):\n    return 1\n")


def test_rows_that_lack_what_is_referred_to_are_told(tmp_path):
    notes = Promptfoo(EVAL, ASKED, ["tiny"], "http://here/v1").write(tmp_path / "out", [Row({"sum": "1"})]).notes
    assert notes == ("1 rows have no item.answer; Promptfoo writes nothing in its place.",)


def test_parts_of_a_message_become_chats_parts(tmp_path):
    parts = [{"type": "input_text", "text": "{{item.sum}}"}, {"type": "input_image", "image_url": "{{item.url}}"}]
    template = {"type": "template", "template": [{"role": "user", "content": parts}]}
    rows = [Row({"sum": "2", "answer": "2", "url": "data:image/png;base64,AA"})]
    shown, _ = written(tmp_path, rows, data_source={**ASKED, "input_messages": template})
    assert json.loads(shown["prompts"][0]["raw"])[0]["content"] == [
        {"type": "text", "text": "{{ item.sum }}"},
        {"type": "image_url", "image_url": {"url": "{{ item.url }}"}},
    ]
