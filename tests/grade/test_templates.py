import pytest
from pydantic import TypeAdapter

from burnish.grade.templates import judge_models, needs_json, templates
from burnish.spec.grader import GraderSpec

EXACT = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "{{item.answer}}", "operation": "eq"}
SOUND = {"type": "input_audio", "input_audio": {"data": "e", "format": "mp3"}}
PARTS = [{"type": "input_text", "text": "b"}, {"type": "input_image", "image_url": "c"}, SOUND]
JUDGE = {
    "type": "score_model",
    "model": "judge",
    "input": [
        {"role": "system", "content": "a"},
        {"role": "user", "content": PARTS},
        {"role": "user", "content": {"type": "input_text", "text": "d"}},
    ],
}
LABEL = {**JUDGE, "type": "label_model", "model": "other", "labels": ["a"], "passing_labels": ["a"]}
PYTHON = {"type": "python", "source": "{{item.no_template}}"}


def parsed(grader):
    return TypeAdapter[GraderSpec](GraderSpec).validate_python(grader)


def test_every_template_is_found_at_its_place():
    multi = parsed({"type": "multi", "graders": {"x": EXACT, "y": JUDGE, "z": PYTHON}, "calculate_output": "x"})
    assert list(templates(multi)) == [
        ("graders.x.input", "{{sample.output_text}}"),
        ("graders.x.reference", "{{item.answer}}"),
        ("graders.y.input[0].content", "a"),
        ("graders.y.input[1].content[0].text", "b"),
        ("graders.y.input[1].content[1].image_url", "c"),
        ("graders.y.input[1].content[2].input_audio.data", "e"),
        ("graders.y.input[2].content.text", "d"),
    ]


def test_judge_models_are_named_once():
    multi = {"type": "multi", "graders": {"x": JUDGE, "y": LABEL, "z": JUDGE, "e": EXACT}, "calculate_output": "x"}
    assert judge_models(parsed(multi)) == {"judge", "other"}
    assert judge_models(parsed(EXACT)) == set()


@pytest.mark.parametrize(
    ("template", "needed"),
    [
        ("{{sample.output_json.a}}", True),
        ("{{ sample.output_json }}", True),
        ("{{sample.output_json[0]}}", True),
        ("{{sample.output_text}}", False),
        ("{{item.output_json}}", False),
        ("sample.output_json", False),
    ],
)
def test_a_grader_that_reads_json_says_so(template, needed):
    child = {**EXACT, "input": template}
    assert needs_json(parsed({"type": "multi", "graders": {"x": child}, "calculate_output": "x"})) is needed
