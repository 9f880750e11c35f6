"""The Evals API by the official client: what is measured, runs of it, and what came of each item."""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import EvalCreateResponse
from openai.types.evals import RunCreateResponse
from openai.types.evals.runs import OutputItemListResponse

from tests.contract.served import TUNED, in_process
from tests.door import opened
from tests.evals.evaluating import evaluating
from tests.serving import infer_app

EXACT = {
    "type": "string_check",
    "name": "Exact",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "operation": "eq",
}
ALIKE = {
    "type": "text_similarity",
    "name": "Alike",
    "input": "{{sample.output_text}}",
    "reference": "{{item.answer}}",
    "evaluation_metric": "fuzzy_match",
    "pass_threshold": 0.5,
}
LENGTH = {
    "type": "python",
    "name": "Length",
    "source": "def grade(sample, item):\n    return len(sample['output_text']) / 4",
    "pass_threshold": 0.5,
}
SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["answer"],
}
CONFIG = {"type": "custom", "item_schema": SCHEMA, "include_sample_schema": True}


def content(*pairs: tuple[str, str]) -> dict[str, Any]:
    """A run's data source: answers that were wanted, and given."""
    rows = [{"item": {"answer": wanted}, "sample": {"output_text": said}} for wanted, said in pairs]
    return {"type": "jsonl", "source": {"type": "file_content", "content": rows}}


@pytest.fixture(scope="module")
def client(served) -> Iterator[openai.OpenAI]:
    with in_process(served) as client, evaluating(served, infer_app(served)):
        yield client


def ended(client: openai.OpenAI, run: Any, timeout_s: float = 60.0) -> Any:
    """The run, once it has ended."""
    deadline = time.monotonic() + timeout_s
    while run.status in ("queued", "in_progress"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
        run = client.evals.runs.retrieve(run.id, eval_id=run.eval_id)
    return run


def made(client: openai.OpenAI, *criteria: dict[str, Any], **changes: Any) -> Any:
    return client.evals.create(
        **{"name": "sums", "data_source_config": CONFIG, "testing_criteria": criteria, **changes}
    )


def test_an_eval_is_made_changed_listed_and_forgotten(client):
    answer = client.evals.with_raw_response.create(
        name="sums", data_source_config=CONFIG, testing_criteria=[EXACT, ALIKE], metadata={"team": "a"}
    )
    assert answer.http_response.status_code == 201
    eval_ = answer.parse()
    EvalCreateResponse.model_validate(eval_.model_dump(by_alias=True))
    assert (eval_.object, eval_.metadata) == ("eval", {"team": "a"})
    schema = eval_.data_source_config.schema_
    assert schema["properties"]["item"] == SCHEMA
    assert schema["required"] == ["item", "sample"]
    assert [criterion.name for criterion in eval_.testing_criteria] == ["Exact", "Alike"]
    assert eval_.testing_criteria[0].id.startswith("Exact-")
    assert client.evals.update(eval_.id, name="more sums").metadata == {"team": "a"}
    assert client.evals.retrieve(eval_.id).name == "more sums"
    assert eval_.id in [each.id for each in client.evals.list(order="desc", order_by="updated_at", limit=1)]
    deleted = client.evals.delete(eval_.id)
    assert (deleted.object, deleted.deleted, deleted.eval_id) == ("eval.deleted", True, eval_.id)
    with pytest.raises(openai.NotFoundError, match=eval_.id):
        client.evals.retrieve(eval_.id)


def test_stored_answers_are_judged(client):
    eval_ = made(client, EXACT, ALIKE, LENGTH)
    source = content(("four", "four"), ("four", "fou"), ("four", "x"), ("four", ""))
    answer = client.evals.runs.with_raw_response.create(eval_.id, name="first", data_source=source)
    assert answer.http_response.status_code == 201
    run = answer.parse()
    RunCreateResponse.model_validate(run.model_dump() | {"model": "", "error": {"code": "", "message": ""}})
    assert (run.result_counts.total, run.status) == (4, "queued")
    run = ended(client, run)
    assert (run.status, run.error) == ("completed", None)
    assert run.result_counts.model_dump() == {"total": 4, "passed": 1, "failed": 3, "errored": 0}
    per = {each.testing_criteria: (each.passed, each.failed) for each in run.per_testing_criteria_results}
    assert {name.rsplit("-", 5)[0]: counts for name, counts in per.items()} == {
        "Exact": (1, 3),
        "Alike": (2, 2),
        "Length": (2, 2),
    }
    items = list(client.evals.runs.output_items.list(run.id, eval_id=eval_.id, limit=1))
    assert sorted(item.datasource_item_id for item in items) == [0, 1, 2, 3]
    second = next(item for item in items if item.datasource_item_id == 1)
    OutputItemListResponse.model_validate(second.model_dump() | {"sample": _filled(second.sample.model_dump())})
    assert (second.status, second.datasource_item) == ("fail", {"answer": "four"})
    assert second.sample.output[0].content == "fou"
    scores = [result.score for result in second.results]
    assert scores == [0.0, pytest.approx(6 / 7), 0.75]  # 2 * 3 / (4 + 3) letters alike; 3 of 4 letters
    assert [result.passed for result in second.results] == [False, True, True]
    passed = client.evals.runs.output_items.list(run.id, eval_id=eval_.id, status="pass")
    assert [item.datasource_item_id for item in passed] == [0]
    again = client.evals.runs.output_items.retrieve(second.id, eval_id=eval_.id, run_id=run.id)
    assert again.model_dump() == second.model_dump()


def _filled(sample: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's type wants what its own API leaves null."""
    usage = {"cached_tokens": 0, "completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0}
    error = {"code": "", "message": ""}
    wanted = {"seed": 0, "top_p": 1.0, "temperature": 1.0, "max_completion_tokens": 1, "model": "", "finish_reason": ""}
    return {**sample, **{key: sample[key] or value for key, value in wanted.items()}, "usage": usage, "error": error}


def test_a_threshold_is_inclusive(client):
    eval_ = made(client, {**LENGTH, "pass_threshold": 0.75})
    run = ended(client, client.evals.runs.create(eval_.id, data_source=content(("four", "abc"), ("four", "ab"))))
    assert run.result_counts.passed == 1


@pytest.mark.parametrize("model", ["tiny", TUNED])
def test_a_model_answers_a_template(client, model):
    eval_ = made(client, EXACT)
    rows = [{"item": {"question": f"{n} + 1", "answer": str(n + 1)}} for n in range(3)]
    source = {
        "type": "completions",
        "model": model,
        "source": {"type": "file_content", "content": rows},
        "input_messages": {
            "type": "template",
            "template": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "What is {{item.question}}?"},
            ],
        },
        "sampling_params": {"max_completion_tokens": 12, "temperature": 0.5, "seed": 7, "reasoning_effort": "low"},
    }
    run = ended(client, client.evals.runs.create(eval_.id, data_source=source))
    assert (run.status, run.model, run.result_counts.total) == ("completed", model, 3)
    [used] = run.per_model_usage
    assert (used.model_name, used.invocation_count) == (model, 3)
    assert used.total_tokens == used.prompt_tokens + used.completion_tokens > 0
    items = list(client.evals.runs.output_items.list(run.id, eval_id=eval_.id))
    first = next(item for item in items if item.datasource_item_id == 0)
    assert [message.content for message in first.sample.input] == ["Be brief.", "What is 0 + 1?"]
    assert (first.sample.seed, first.sample.temperature, first.sample.max_completion_tokens) == (7, 0.5, 12)
    assert sum(item.sample.usage.total_tokens for item in items) == used.total_tokens


def test_a_model_answers_a_dataset_file_in_responses_terms(client):
    rows = [{"messages": [{"role": "user", "content": f"{n}?"}], "answer": "yes"} for n in range(3)]
    data = "\n\n".join(json.dumps({"item": row} if n else row) for n, row in enumerate(rows)).encode()
    file = client.files.create(file=("rows.jsonl", data), purpose="evals")
    config = {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True}
    eval_ = made(client, EXACT, data_source_config=config)
    answer = {
        "type": "object",
        "properties": {"ok": {"enum": ["yes"]}},
        "required": ["ok"],
        "additionalProperties": False,
    }
    source = {
        "type": "responses",
        "model": "tiny",
        "source": {"type": "file_id", "id": file.id},
        "input_messages": {"type": "item_reference", "item_reference": "item.messages"},
        "sampling_params": {
            "max_completion_tokens": 60,
            "text": {"format": {"type": "json_schema", "name": "a", "schema": answer, "strict": True}},
        },
    }
    run = ended(client, client.evals.runs.create(eval_.id, data_source=source))
    assert (run.status, run.result_counts.total) == ("completed", 3)
    items = list(client.evals.runs.output_items.list(run.id, eval_id=eval_.id))
    assert {item.sample.output[0].content for item in items if item.sample.finish_reason == "stop"} == {'{"ok":"yes"}'}


def test_samples_and_best_of_are_ours(client):
    eval_ = made(client, LENGTH)
    source = {
        "type": "completions",
        "model": "tiny",
        "source": {"type": "file_content", "content": [{"item": {"answer": "x"}}]},
        "input_messages": {"type": "template", "template": [{"role": "user", "content": "hello"}]},
        "sampling_params": {"max_completion_tokens": 9, "reasoning_effort": "none"},
        "samples": 3,
    }
    run = ended(client, client.evals.runs.create(eval_.id, data_source=source))
    items = list(client.evals.runs.output_items.list(run.id, eval_id=eval_.id))
    assert [item.datasource_item_id for item in items] == [0, 0, 0]
    assert sorted(item.sample.seed for item in items) == [42, 43, 44]
    best = ended(client, client.evals.runs.create(eval_.id, data_source=source | {"samples": 1, "best_of": 3}))
    [chosen] = client.evals.runs.output_items.list(best.id, eval_id=eval_.id)
    assert chosen.results[0].score == max(item.results[0].score for item in items)
    assert best.per_model_usage[0].invocation_count == 3


def test_stored_completions_are_judged_and_asked_again(client):
    for number in range(2):
        client.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": f"{number}"}],
            max_completion_tokens=5,
            store=True,
            metadata={"case": "evals", "answer": "x"},
        )
    eval_ = made(
        client,
        {**EXACT, "reference": "{{item.metadata.answer}}"},
        data_source_config={"type": "stored_completions", "metadata": {"case": "evals"}},
    )
    source = {"type": "completions", "source": {"type": "stored_completions", "metadata": {"case": "evals"}}}
    run = ended(client, client.evals.runs.create(eval_.id, data_source=source))
    assert (run.status, run.result_counts.total, run.model) == ("completed", 2, None)
    again = ended(client, client.evals.runs.create(eval_.id, data_source=source | {"model": TUNED}))
    items = list(client.evals.runs.output_items.list(again.id, eval_id=eval_.id))
    assert sorted(item.sample.input[-1].content for item in items) == ["0", "1"]
    assert {item.sample.model for item in items} == {TUNED}


def test_a_run_is_graded_anew(client):
    run = ended(client, client.evals.runs.create(made(client, EXACT).id, data_source=content(("four", "Four"))))
    assert run.result_counts.failed == 1
    lenient = made(client, {**EXACT, "operation": "ilike"})
    source = {"type": "jsonl", "source": {"type": "eval_run", "id": run.id}}
    again = ended(client, client.evals.runs.create(lenient.id, data_source=source))
    assert (again.result_counts.passed, again.per_model_usage) == (1, [])


def test_a_row_that_is_no_item_is_named(client):
    eval_ = made(client, EXACT)
    bad = {"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {"answer": "a"}}, {"item": {}}]}}
    with pytest.raises(openai.BadRequestError, match=r'Row 1 .*"answer" is a required') as refusal:
        client.evals.runs.create(eval_.id, data_source=bad)
    assert refusal.value.param == "data_source.source.content[1].item"
    data = b'{"item": {"answer": "a"}}\n{"item": {"answer": 5}}\n'
    file = client.files.create(file=("rows.jsonl", data), purpose="evals")
    source = {"type": "jsonl", "source": {"type": "file_id", "id": file.id}}
    run = ended(client, client.evals.runs.create(eval_.id, data_source=source))
    assert (run.status, run.error.code) == ("failed", "invalid_eval_item")
    assert "Row 1 " in run.error.message
    assert "item.answer" in run.error.message


def test_a_canceled_run_stays_so(client):
    eval_ = made(client, LENGTH)
    many = content(*[("four", str(number)) for number in range(2000)])
    run = client.evals.runs.create(eval_.id, data_source=many)
    run = client.evals.runs.cancel(run.id, eval_id=eval_.id)
    assert run.status == "canceled"
    with pytest.raises(openai.BadRequestError, match="canceled"):
        client.post(f"/evals/{eval_.id}/runs/{run.id}", cast_to=object)
    deleted = client.evals.runs.delete(run.id, eval_id=eval_.id)
    assert (deleted.object, deleted.run_id) == ("eval.run.deleted", run.id)


def test_a_model_that_is_down_makes_errors_and_the_run_completes(tmp_path):
    remote = {"away": {"base_url": "http://127.0.0.1:1/v1", "attempts": 1}}
    with opened(tmp_path, models={"remote": remote}) as door, evaluating(door.state.settings):
        eval_ = made(door.client, EXACT)
        source = {
            "type": "completions",
            "model": "away",
            "source": {"type": "file_content", "content": [{"item": {"answer": "x"}}] * 99},
            "input_messages": {"type": "template", "template": [{"role": "user", "content": "hello"}]},
        }
        run = ended(door.client, door.client.evals.runs.create(eval_.id, data_source=source))
        assert (run.status, run.result_counts.errored, run.result_counts.total) == ("completed", 99, 99)
        items = list(door.client.evals.runs.output_items.list(run.id, eval_id=eval_.id, limit=100))
        assert {(item.status, item.sample.error.code) for item in items} == {("error", "model_unavailable")}
        assert sum("was not asked" in item.sample.error.message for item in items) > 0


JUDGE = {"role": "user", "content": "{{item.answer}}"}


@pytest.mark.parametrize(
    ("changes", "param", "words"),
    [
        ({"testing_criteria": [{**EXACT, "reference": "{{item.anser}}"}]}, "testing_criteria[0].reference", "anser"),
        ({"testing_criteria": []}, "testing_criteria", "at least one"),
        ({"testing_criteria": [{"type": "magic"}]}, "testing_criteria[0].type", "magic"),
        ({"data_source_config": {"type": "custom", "item_schema": {"type": "objekt"}}}, None, "objekt"),
        ({"data_source_config": {"type": "custom", "item_schema": SCHEMA}}, None, "include_sample_schema"),
        (
            {"testing_criteria": [{"type": "score_model", "name": "j", "model": "gpt-9", "input": [JUDGE]}]},
            "testing_criteria[0].model",
            "gpt-9",
        ),
    ],
)
def test_an_eval_that_cannot_work_is_refused(client, changes, param, words):
    body = {"data_source_config": CONFIG, "testing_criteria": [EXACT], **changes}
    with pytest.raises(openai.BadRequestError, match=words) as refusal:
        client.evals.create(**body)
    assert param is None or refusal.value.param == param


ASKED = {"type": "template", "template": [{"role": "user", "content": "{{item.question}}"}]}
ROWS = {"type": "file_content", "content": [{"item": {"answer": "x"}}]}


@pytest.mark.parametrize(
    ("source", "param", "words"),
    [
        ({"type": "jsonl", "source": {"type": "file_id", "id": "file-no"}}, "data_source.source.id", "file-no"),
        ({"type": "completions", "source": ROWS}, "data_source.model", "model"),
        ({"type": "completions", "source": ROWS, "model": "tiny"}, "data_source.input_messages", "input_messages"),
        (
            {"type": "completions", "source": ROWS, "model": "gpt-9", "input_messages": ASKED},
            "data_source.model",
            "gpt-9",
        ),
        (
            {
                "type": "completions",
                "source": ROWS,
                "model": "tiny",
                "input_messages": {"type": "item_reference", "item_reference": "item.mesages"},
            },
            "data_source.input_messages.item_reference",
            "mesages",
        ),
    ],
)
def test_a_run_that_cannot_work_is_refused(client, source, param, words):
    eval_ = made(client, EXACT)
    with pytest.raises(openai.BadRequestError, match=words) as refusal:
        client.evals.runs.create(eval_.id, data_source=source)
    assert refusal.value.param == param
