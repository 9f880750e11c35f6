import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from burnish.spec.grader import (
    EndpointSpec,
    GraderSpec,
    LabelModelSpec,
    MultiSpec,
    PythonSpec,
    ScoreModelSpec,
    StringCheckSpec,
    TextPart,
    TextSimilaritySpec,
)

GRADER = TypeAdapter[GraderSpec](GraderSpec)
CHECK = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "{{item.answer}}", "operation": "eq"}
JUDGE = {"type": "score_model", "model": "judge", "input": [{"role": "user", "content": "Rate {{sample.output_text}}"}]}


def parse(**fields):
    return GRADER.validate_python(fields)


def only_error(grader):
    with pytest.raises(ValidationError) as caught:
        GRADER.validate_python(grader)
    [error] = caught.value.errors()
    return ".".join(map(str, error["loc"])), error["msg"]


def test_every_kind_parses_to_its_spec():
    label = {"labels": ["good", "bad"], "passing_labels": ["good"]}
    assert isinstance(parse(**CHECK), StringCheckSpec)
    similarity = {"input": "a", "reference": "b", "evaluation_metric": "fuzzy_match"}
    assert isinstance(parse(type="text_similarity", **similarity), TextSimilaritySpec)
    assert isinstance(parse(**JUDGE), ScoreModelSpec)
    assert isinstance(parse(**{**JUDGE, "type": "label_model", **label}), LabelModelSpec)
    assert isinstance(parse(type="python", source="def grade(s, i): return 1", image_tag="2025-05-08"), PythonSpec)
    endpoint = {"url": "https://example.test/grade", "headers": {"key": "value"}, "rate_limit": 50}
    assert isinstance(parse(type="endpoint", **endpoint), EndpointSpec)
    assert isinstance(parse(type="multi", graders={"a": CHECK}, calculate_output="a"), MultiSpec)


def test_the_guides_grader_parses_and_comes_back_as_it_was_sent():
    sent = guides_grader()
    spec = GRADER.validate_python(sent)
    assert isinstance(spec, MultiSpec)
    assert {key: child.type for key, child in spec.graders.items()} == {
        "explanation": "score_model",
        "compliant": "string_check",
    }
    assert GRADER.dump_python(spec, mode="json", exclude_unset=True) == sent


def guides_grader():
    """The grader of OpenAI's guide, its long policy shortened."""
    return json.loads((Path(__file__).parent / "guides_grader.json").read_text())


def test_a_stored_spec_parses_again():
    multi = {"type": "multi", "graders": {"a": CHECK, "b": {**JUDGE, "range": [0, 5]}}, "calculate_output": "a * b"}
    spec = GRADER.validate_python(multi)
    assert GRADER.validate_python(json.loads(GRADER.dump_json(spec))) == spec


def test_name_and_pass_threshold_are_optional_everywhere():
    spec = parse(type="multi", graders={"a": {**CHECK, "pass_threshold": 1}}, calculate_output="a", pass_threshold=0.5)
    assert (spec.name, spec.pass_threshold) == (None, 0.5)
    assert (spec.graders["a"].name, spec.graders["a"].pass_threshold) == (None, 1)


def test_neq_is_ne():
    assert parse(**{**CHECK, "operation": "neq"}).operation == "ne"


def test_a_judges_range_is_0_to_1_unless_it_is_said():
    assert parse(**JUDGE).bounds == (0.0, 1.0)
    assert parse(**JUDGE, range=[1, 5]).bounds == (1.0, 5.0)


def test_content_may_be_a_text_a_part_or_parts():
    part = {"type": "input_text", "text": "hello"}
    for content in (part, [part]):
        message = parse(**{**JUDGE, "input": [{"role": "user", "type": "message", "content": content}]}).input[0]
        found = message.content if isinstance(content, dict) else message.content[0]
        assert found == TextPart(type="input_text", text="hello")
    assert parse(**JUDGE).input[0].content == "Rate {{sample.output_text}}"


def test_a_list_of_graders_becomes_a_map_by_name():
    spec = parse(
        type="multi",
        graders=[{**CHECK, "name": "exact"}, {**JUDGE, "name": "style"}],
        calculate_output="exact + style",
    )
    assert list(spec.graders) == ["exact", "style"]


@pytest.mark.parametrize(
    ("grader", "path", "message"),
    [
        ({}, "", "Unable to extract tag using discriminator 'type'"),
        ({"type": "magic"}, "", "Input tag 'magic' found using 'type' does not match"),
        ({**CHECK, "operation": "equals"}, "string_check.operation", "Input should be 'eq', 'ne', 'like' or 'ilike'"),
        ({**CHECK, "refrence": "x"}, "string_check.refrence", "Extra inputs are not permitted"),
        ({**CHECK, "input": 3}, "string_check.input", "Input should be a valid string"),
        (
            {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "rouge_6"},
            "text_similarity.evaluation_metric",
            "Input should be 'fuzzy_match'",
        ),
        ({**JUDGE, "range": [1, 0]}, "score_model.range", "[1, 0] does not ascend"),
        ({**JUDGE, "range": [0, float("inf")]}, "score_model.range.1", "finite number"),
        ({**JUDGE, "input": []}, "score_model.input", "there must be at least one"),
        ({**JUDGE, "input": [{"role": "user", "content": 3}]}, "score_model.input.0.content.part", "valid dictionary"),
        (
            {**JUDGE, "input": [{"role": "user", "content": [{"type": "input_text"}]}]},
            "score_model.input.0.content.parts.0.input_text.text",
            "Field required",
        ),
        (
            {**JUDGE, "sampling_params": {"max_completion_tokens": 5}},
            "score_model.sampling_params.max_completion_tokens",
            "Extra inputs are not permitted",
        ),
        (
            {**JUDGE, "type": "label_model", "labels": ["a", "b"], "passing_labels": ["c"]},
            "label_model.passing_labels",
            "'c' not among the labels",
        ),
        ({"type": "python", "source": "#" * 256 * 1024}, "python.source", "it must have fewer than 262144"),
    ],
)
def test_a_slip_is_one_error_at_its_path(grader, path, message):
    found_path, found_message = only_error(grader)
    assert found_path == path
    assert message in found_message


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"calculate_output": "a + c"}, "calculate_output", "'c' unknown; the graders are a, b."),
        ({"calculate_output": "a +"}, "calculate_output", "cannot be parsed"),
        ({"calculate_output": "mean(a, b)"}, "calculate_output", "function 'mean' is unknown"),
        ({"graders": {}}, "graders", "there must be at least one"),
        ({"graders": CHECK}, "graders", "this is one grader; write a map"),
        ({"graders": [CHECK, CHECK]}, "graders", "graders in a list need names"),
        ({"graders": {"a": CHECK, "b": {"type": "multi"}}}, "graders.b", "Input tag 'multi'"),
        (
            {"graders": {"a": CHECK, "b": {**CHECK, "operation": "equals"}}},
            "graders.b.string_check.operation",
            "Input should be 'eq'",
        ),
    ],
)
def test_a_slip_in_a_multi_grader_is_one_error_at_its_path(fields, path, message):
    multi = {"type": "multi", "graders": {"a": CHECK, "b": CHECK}, "calculate_output": "a + b"}
    found_path, found_message = only_error({**multi, **fields})
    assert found_path == f"multi.{path}"
    assert message in found_message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/grade", "https://example.test", "http://[::1]:80/a?b=c", "http://user:pass@host/x"]
)
def test_an_endpoint_is_a_web_address(url):
    assert parse(type="endpoint", url=url).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.test",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://host:99999",
        "http://a b",
        "http://[",
        "http://h\n",
    ],
)
def test_anything_else_is_refused(url):
    assert only_error({"type": "endpoint", "url": url}) == (
        "endpoint.url",
        "Value error, write a whole address: https://host/path.",
    )


@pytest.mark.parametrize(
    "headers", [{"a b": "x"}, {"": "x"}, {"content-length": "1"}, {"Host": "x"}, {"key": "a\nb"}, {"key": "ü"}]
)
def test_headers_that_cannot_be_sent_are_refused_without_their_values(headers):
    place, message = only_error({"type": "endpoint", "url": "http://host", "headers": headers})
    assert place == "endpoint.headers"
    [name] = headers
    assert repr(name) in message
