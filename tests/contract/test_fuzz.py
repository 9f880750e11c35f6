"""Whatever is sent to graders/run and graders/validate is answered, and never with a 5xx.

Bodies come from two sources: schemathesis makes them from the app's own OpenAPI description, of that shape and off it;
and graders that look right are put together from templates, formulas and values that are likely to hurt.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import BaseSchema, GenerationMode

from burnish.core.errors import GraderUnavailable
from burnish.grade.tools import Tools
from tests.contract.fuzzing import LONG, NO_BODIES, QUICK, TEXT_PARTS, examples, json_of, of_the_schema, texts_of
from tests.door import opened
from tests.fakes import FakeChat, FakeSleep, answer, verdict

RUN, VALIDATE = PATHS = ("/v1/fine_tuning/alpha/graders/run", "/v1/fine_tuning/alpha/graders/validate")
ANSWERS = [
    verdict(0.5),
    answer("[" * 5000),
    verdict(10**400),
    answer(None),
    GraderUnavailable("down"),
    verdict("\ud800"),
]


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    tools = Tools(chat=FakeChat(ANSWERS * 5000), sleep=FakeSleep())
    models = {"remote": {"judge": {"base_url": "http://127.0.0.1:1/v1"}}}
    with opened(tmp_path_factory.mktemp("fuzz"), tools, models=models, grading={"run_timeout_s": 10}) as door:
        yield door.http


@pytest.fixture(scope="module")
def schema(http: TestClient) -> BaseSchema:
    return schemathesis.openapi.from_dict(http.app.openapi())


def check(http: TestClient, path: str, body: Any) -> None:
    """Send a body, however odd, and look at the answer."""
    content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    response = http.post(path, content=content, headers={"content-type": "application/json"})
    assert response.status_code in (200, 400), (response.status_code, response.text, content)
    found = response.json()
    if response.status_code == 400:
        assert sorted(found["error"]) == ["code", "message", "param", "type"]
    elif path == RUN:
        assert isinstance(found["reward"], float)
        assert len(found["metadata"]["errors"]) == 14


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_bodies_made_from_the_schema(http: TestClient, schema: BaseSchema, path: str, mode: GenerationMode):
    of_the_schema(schema, path, mode, QUICK, lambda body: check(http, path, body))


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_many_bodies_made_from_the_schema(http: TestClient, schema: BaseSchema, path: str, mode: GenerationMode):
    of_the_schema(schema, path, mode, LONG, lambda body: check(http, path, body))


VARIABLES = (
    "item",
    " item.x ",
    "item.x[0].y",
    "item.y",
    "sample",
    "sample.output_json",
    "sample.choices[0].message.content",
)
TEXT = texts_of((*TEXT_PARTS, "1e999", *("{{" + path + "}}" for path in VARIABLES)))
JSON = json_of(TEXT)
METRICS = ("fuzzy_match", "bleu", "gleu", "meteor", "cosine", "rouge_1", "rouge_2", "rouge_5", "rouge_l")
FORMULAS = (
    *(
        "a",
        "a + b",
        "a / (a - b)",
        "9 ^ 9 ^ 9 ^ 9",
        "exp(1e9)",
        "log(a - a)",
        "log",
        "",
        "a +",
        "a.b",
        "(" * 500 + "a" + ")" * 500,
    ),
    *("-" * 9000 + "1", "+".join(["a"] * 190), "min(a, b) ^ 1e308", "1e999", "(-1) ^ 0.5", "__import__('os')"),
)
MESSAGE = st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": TEXT})
PLAIN = {
    "string_check": {"operation": st.sampled_from(["eq", "ne", "like", "ilike"]), "input": TEXT, "reference": TEXT},
    "text_similarity": {"evaluation_metric": st.sampled_from(METRICS), "input": TEXT, "reference": TEXT},
    "score_model": {
        "model": st.sampled_from(["judge", "burnish-starter", "gpt-9"]),
        "input": st.lists(MESSAGE, min_size=1, max_size=2),
        "range": st.none() | st.tuples(st.floats(), st.floats()).map(sorted),
    },
    "label_model": {
        "model": st.just("judge"),
        "input": st.lists(MESSAGE, min_size=1, max_size=2),
        "labels": st.just(["a", "b"]),
        "passing_labels": st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2),
    },
    "python": {"source": TEXT, "image_tag": st.none() | st.just("2025-05-08")},
}


def of_type(kind: str, fields: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Graders of a kind, a name among their fields here and there."""
    return st.fixed_dictionaries(
        {"type": st.just(kind), **fields}, optional={"name": TEXT, "pass_threshold": st.floats()}
    )


CHILD = st.one_of(*(of_type(kind, fields) for kind, fields in PLAIN.items()))
MULTI = of_type(
    "multi",
    {
        "graders": st.dictionaries(st.sampled_from(["a", "b", "log"]) | TEXT, CHILD, min_size=1, max_size=3),
        "calculate_output": st.sampled_from(FORMULAS) | st.text("ab01.+-*/^(), ", max_size=12),
    },
)
BODY = st.fixed_dictionaries(
    {"grader": CHILD | MULTI, "model_sample": TEXT | JSON.map(json.dumps)},
    optional={"item": st.dictionaries(st.sampled_from(["x", "y"]) | TEXT, JSON, max_size=3), "trace_id": JSON},
)


def of_hostile_parts(http: TestClient, count: int) -> None:
    @given(BODY)
    @examples(count)
    def test(body: dict[str, Any]) -> None:
        check(http, RUN, body)
        check(http, VALIDATE, {"grader": body["grader"]})

    test()


def test_graders_made_of_hostile_parts(http: TestClient):
    of_hostile_parts(http, 2 * QUICK)


@pytest.mark.slow
def test_many_graders_made_of_hostile_parts(http: TestClient):
    of_hostile_parts(http, LONG)


@pytest.mark.parametrize("body", [*NO_BODIES, b'{"grader":' * 50_000])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_body_at_all(http: TestClient, path: str, body: bytes):
    check(http, path, body)
