import json

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish.core.template import UnknownVariable, fill
from burnish.leave.nunjucks import Values, expression, refers_to, translated

ITEM = {"text": "a {{b}} {% c", "n": 7, "yes": True, "none": None, "list": [1, "x"], "k-e": {"1st": [{"v": "deep"}]}}
PATHS = ("item.text", "item.n", "item.yes", "item.none", "item.list", "item.k-e.1st[0].v")


def rendered(template: str, item: dict[str, object]) -> str:
    """By Jinja, whose tags mean the same as those of Nunjucks that are used here."""
    engine = jinja2.Environment(keep_trailing_newline=True)
    engine.filters["dump"] = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return engine.from_string(template).render(item=item)


def seen(template: str, *items: dict[str, object]) -> Values:
    values = Values((template,))
    for item in items:
        values.see(item)
    return values


@pytest.mark.parametrize(
    "template",
    [
        "{{item.text}}",
        "{{ item.n }} {{item.yes}} {{item.none}} {{item.list}}",
        "{{item.k-e.1st[0].v}}",
        "{{{item.text}}}",
        "{% if %} {# no #} {",
        "{{item.text}}{%",
        "{",
    ],
)
def test_a_template_gives_the_same_text(template):
    assert rendered(translated(template, seen(template, ITEM)), ITEM) == fill(template, {"item": ITEM})


@given(st.lists(st.sampled_from([*"{}%# x\n'\"\\", *(f"{{{{{path}}}}}" for path in PATHS)]), max_size=12))
def test_whatever_stands_around_variables_stays_as_it_is(pieces):
    template = "".join(pieces)
    try:
        wanted = fill(template, {"item": ITEM})
    except UnknownVariable:  # a pair of braces has something else in it
        return
    assert rendered(translated(template, seen(template, ITEM)), ITEM) == wanted


def test_a_path_of_texts_is_written_as_people_write_it():
    assert translated("Say {{item.a}}.", seen("{{item.a}}", {"a": "x"})) == "Say {{ item.a }}."
    assert translated("{{item.a}}", seen("{{item.a}}", {"a": 1})) == "{{ item.a | dump }}"


def test_a_path_of_texts_and_others_gives_each_its_own():
    items: list[dict[str, object]] = [{"a": "x"}, {"a": ["x"]}]
    template = translated("{{item.a}}", seen("{{item.a}}", *items))
    assert [rendered(template, item) for item in items] == ["x", '["x"]']


def test_rows_without_a_variable_are_counted():
    assert seen("{{item.a}} {{item.b.c}}", {"a": ""}, {"b": {"c": 1}}, {"a": ""}).gaps == {"item.a": 1, "item.b.c": 2}


def test_keys_that_are_no_names_are_quoted():
    assert expression("item.rows[0].id") == "item.rows[0].id"
    assert expression("item.k-e.1st") == 'item["k-e"]["1st"]'


def test_what_a_template_refers_to_is_known():
    assert refers_to("{{item.a}} {{ sample.output_text }}", "sample")
    assert not refers_to("{{item.sample}}", "sample")
    assert refers_to("{{no path}}", "sample")
