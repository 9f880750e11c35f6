import pytest
from pydantic import TypeAdapter

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Item
from burnish.grade.check import caveats, check_rows, check_templates
from burnish.grade.text_similarity import WITHOUT_WORDNET
from burnish.spec.grader import GraderSpec


def exact(reference, text="{{sample.output_text}}"):
    return {"type": "string_check", "input": text, "reference": reference, "operation": "eq"}


def parsed(grader):
    return TypeAdapter[GraderSpec](GraderSpec).validate_python(grader)


def row(line, **fields):
    return Item(line=line, messages=(), tools=(), fields=fields)


def test_rows_that_have_every_variable_pass():
    check_rows(parsed(exact("{{item.answer}}")), [row(1, answer="a"), row(2, answer=None)], param="training_file")


def test_the_first_row_without_a_variable_is_named_with_its_line_variable_and_template():
    multi = {"type": "multi", "graders": {"x": exact("yes"), "y": exact("{{item.a.b}}")}, "calculate_output": "x + y"}
    rows = [row(1, a={"b": 1}), row(2, a={"c": 1}), row(3)]
    with pytest.raises(InvalidRequest) as caught:
        check_rows(parsed(multi), rows, param="validation_file")
    assert (caught.value.param, caught.value.code) == ("validation_file", "invalid_variable_error")
    assert str(caught.value) == (
        "Line 2 of the validation file lacks a variable of the grader's graders.y.reference: "
        "'item.a.b' is unknown: 'item.a' (keys: c) has no 'b'."
    )


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("item.rows[1].id", "'item.rows' (a list of 1) has no '[1]'"),
        ("item.rows[0].name", "'item.rows[0]' (keys: id) has no 'name'"),
        ("item.rows.id", "'item.rows' (a list of 1) has no 'id'"),
    ],
)
def test_lists_and_what_lies_in_them_are_looked_at(path, complaint):
    rows = [row(1, rows=[{"id": 1}])]
    with pytest.raises(InvalidRequest) as caught:
        check_rows(parsed(exact("{{" + path + "}}")), rows, param="training_file")
    assert complaint in str(caught.value)


def test_what_the_answer_will_have_is_not_asked_of_the_rows():
    check_rows(parsed(exact("{{sample.output_json.x}}")), [row(1)], param="training_file")


def test_rows_are_read_one_at_a_time():
    def rows():
        yield row(1)
        raise AssertionError("read on after the first fault")

    with pytest.raises(InvalidRequest, match="Line 1 of the training file"):
        check_rows(parsed(exact("{{item.x}}")), rows(), param="training_file")


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{answer}}", "a variable starts with 'item.' or 'sample.'"),
        ("{{ items.answer }}", "a variable starts with 'item.' or 'sample.'"),
        ("{{}}", "a variable starts with"),
        ("{{item.x | upper}}", "there are no filters"),
        ("{{item.x..y}}", "write dotted keys"),
        ("{{sample.output_json['x']}}", "write dotted keys"),
        ("{{sample.output_json.}}", "write dotted keys"),
        ("{{sample.output_text.answer}}", "nothing lies below 'sample.output_text'"),
        ("{{sample.output_text[0]}}", "nothing lies below 'sample.output_text'"),
        ("{{sample.text}}", "'sample' has choices, output_audio, output_json, output_text, output_tools."),
    ],
)
def test_a_variable_that_can_never_be_known_is_refused_at_its_template(template, complaint):
    with pytest.raises(InvalidRequest) as caught:
        check_templates(parsed(exact(template)), param="method.reinforcement.grader")
    assert caught.value.param == "method.reinforcement.grader.reference"
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    "template", ["{{item}}", "{{item.x[0].y}}", "{{sample.output_json.x}}", "{{sample.choices[0].message.content}}", ""]
)
def test_a_variable_that_may_be_there_passes(template):
    check_templates(parsed(exact(template)))


def test_meteor_without_synonyms_is_told_beforehand():
    meteor = {"type": "text_similarity", "input": "a", "reference": "b", "evaluation_metric": "meteor"}
    multi = {"type": "multi", "graders": {"x": exact("yes"), "y": meteor}, "calculate_output": "x + y"}
    for spec in (parsed(meteor), parsed(multi)):
        assert caveats(spec, has_thesaurus=False) == [WITHOUT_WORDNET]
        assert caveats(spec, has_thesaurus=True) == []
    assert caveats(parsed(exact("yes")), has_thesaurus=False) == []
