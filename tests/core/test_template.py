import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.core.template import UnknownVariable, fill, lookup, variables

SCOPE = {
    "item": {
        "answer": "yes",
        "target": 24,
        "nums": [1, 2, 3],
        "share": 0.5,
        "sure": True,
        "nothing": None,
        "nested": {"a": {"b": ["x", {"c": "deep"}]}},
        "rows": [{"id": "r0"}, {"id": "r1"}],
        "odd-key": "dash",
        "7": "seven",
        "straße": "ß",
        "messages": [{"role": "user", "content": "Grüße"}],
    },
    "sample": {"output_text": "no"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("plain", "plain"),
        ("{{item.answer}}", "yes"),
        ("{{ item.answer }}", "yes"),
        ("{{\n\titem.answer\n}}", "yes"),
        ("{{item.answer}}/{{sample.output_text}}", "yes/no"),
        ("{{item.nested.a.b[0]}}", "x"),
        ("{{item.nested.a.b[1].c}}", "deep"),
        ("{{item.rows[1].id}}", "r1"),
        ("{{item.odd-key}}", "dash"),
        ("{{item.7}}", "seven"),
        ("{{item.straße}}", "ß"),
    ],
)
def test_a_variable_is_replaced_by_the_text_at_its_path(template, text):
    assert fill(template, SCOPE) == text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("item.target", "24"),
        ("item.share", "0.5"),
        ("item.sure", "true"),
        ("item.nothing", "null"),
        ("item.nums", "[1,2,3]"),
        ("item.rows", '[{"id":"r0"},{"id":"r1"}]'),
        ("item.messages", '[{"role":"user","content":"Grüße"}]'),
    ],
)
def test_what_is_no_text_goes_in_as_compact_json(path, text):
    assert fill("{{" + path + "}}", SCOPE) == text


def test_a_template_may_build_json_around_its_variables():
    template = '{ "target": {{item.target}}, "numbers": {{item.nums}} }'
    assert fill(template, SCOPE) == '{ "target": 24, "numbers": [1,2,3] }'


def test_of_three_braces_the_inner_two_count():
    assert fill('{"target":{{{item.target}}}}', SCOPE) == '{"target":{24}}'
    assert variables("{{{item.target}}}") == ["item.target"]


def test_single_braces_are_text():
    assert fill("{item.answer} {} }} {{", SCOPE) == "{item.answer} {} }} {{"


def test_what_was_filled_in_is_not_filled_again():
    scope = {"sample": {"output_text": "{{item.answer}}"}, "item": {"answer": "secret"}}
    assert fill("{{sample.output_text}}", scope) == "{{item.answer}}"


def test_backslashes_and_group_marks_in_values_stay_as_they_are():
    assert fill("{{item.x}}", {"item": {"x": r"\1 \g<0> \n"}}) == r"\1 \g<0> \n"


def test_variables_come_in_order_with_duplicates_and_without_blanks():
    assert variables("{{ item.b }}{{item.a}} {{item.b}}") == ["item.b", "item.a", "item.b"]


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("item.anwser", "'item' (keys: answer, target"),
        ("item.rows[2].id", "'item.rows' (a list of 2) has no '[2]'"),
        ("item.rows.id", "'item.rows' (a list of 2) has no 'id'"),
        ("item.answer.x", "'item.answer' (str) has no 'x'"),
        ("item.answer[0]", "'item.answer' (str) has no '[0]'"),
        ("item.nothing.x", "'item.nothing' (null) has no 'x'"),
        ("item.nested[0]", "'item.nested' (keys: a) has no '[0]'"),
        ("row.answer", "the template (keys: item, sample) has no 'row'"),
        ("", "is no path"),
        ("item.", "is no path"),
        ("item..answer", "is no path"),
        ("item[-1]", "is no path"),
        ("item.answer | upper", "is no path"),
        ("item['answer']", "is no path"),
        ("item.rows[" + "9" * 5000 + "]", "is no path"),
    ],
)
def test_an_unknown_variable_says_how_far_it_came(path, complaint):
    with pytest.raises(UnknownVariable) as caught:
        fill("{{" + path + "}}", SCOPE)
    assert complaint in str(caught.value)
    assert caught.value.path == path


def test_attributes_of_values_cannot_be_reached():
    with pytest.raises(UnknownVariable):
        lookup("item.answer.__class__", SCOPE)


def test_a_namespace_alone_is_the_whole_of_it():
    assert lookup("sample", SCOPE) == {"output_text": "no"}


def test_long_runs_of_braces_and_blanks_take_linear_time():
    for hostile in ("{{" * 200_000, "{{" + " " * 400_000, "{{ item" * 100_000):
        started = time.perf_counter()
        assert variables(hostile) == []
        assert time.perf_counter() - started < 1.0


# Properties

TEXT = st.text(max_size=20)
KEY = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEY, inside, max_size=3),
    max_leaves=8,
)


def places(value, path):
    """Every path below a value, with what lies there."""
    yield path, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from places(child, f"{path}.{key}")
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from places(child, f"{path}[{index}]")


@given(st.text(alphabet=st.sampled_from("{}[]. |item07é\n") | st.characters(codec="utf-8"), max_size=60))
def test_filling_gives_text_or_an_unknown_variable_and_nothing_else(template):
    try:
        assert isinstance(fill(template, SCOPE), str)
    except UnknownVariable as error:
        assert error.path in variables(template)


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_a_pair_of_braces_stays_as_it_is(text):
    assert (fill(text, SCOPE), variables(text)) == (text, [])


@given(VALUE, st.data())
def test_whatever_lies_in_an_item_can_be_reached_and_read_back(value, data):
    path, wanted = data.draw(st.sampled_from(list(places({"x": value}, "item"))))
    filled = fill("<{{" + path + "}}>", {"item": {"x": value}})
    assert filled[0] + filled[-1] == "<>"
    assert (filled[1:-1] if isinstance(wanted, str) else json.loads(filled[1:-1])) == wanted


@given(st.lists(TEXT | st.sampled_from(["{{item.x}}", "{{ item.x }}"]), max_size=6), TEXT)
def test_a_template_is_filled_piece_by_piece(pieces, value):
    pieces = [piece for piece in pieces if piece.startswith("{{") or not {"{", "}"} & set(piece)]
    wanted = "".join(value if piece.startswith("{{") else piece for piece in pieces)
    assert fill("".join(pieces), {"item": {"x": value}}) == wanted
