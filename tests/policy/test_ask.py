import pytest

from burnish.core.errors import InvalidRequest
from burnish.policy.ask import MOST_TOKENS, ask_of
from burnish.policy.load import Base
from burnish.policy.reading import Marks
from burnish.spec.chat import ChatRequest
from tests.tiny import write_tiny_model

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Base:
    return Base.load(write_tiny_model(tmp_path_factory.mktemp("tiny")))


def request_of(**fields: object) -> ChatRequest:
    return ChatRequest.model_validate({"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields})


def ask(base: Base, effort: str = "default", **fields: object):
    return ask_of(request_of(**fields), base, effort)


def test_a_bare_request_is_one_answer_at_temperature_one_as_long_as_the_context_allows(base):
    requests, marks = ask(base)
    (only,) = requests
    assert only.prompt_ids == base.renderer.prompt([{"role": "user", "content": "hi"}], [], "medium")
    assert only.max_tokens == base.context - len(only.prompt_ids) < MOST_TOKENS
    assert (only.temperature, only.response_schema) == (1.0, None)
    assert marks == Marks()


def test_answers_of_one_request_share_a_seed_and_differ_by_sample(base):
    requests = ask(base, n=3, seed=5).requests
    assert [(request.seed, request.key.sample) for request in requests] == [(5, 0), (5, 1), (5, 2)]


def test_requests_wait_in_order_of_arrival_but_a_seed_draws_the_same_numbers(base):
    first, second = ask(base, seed=5).requests[0], ask(base, seed=5).requests[0]
    assert first.key < second.key
    assert (first.key.step, first.key.line, first.key.turn) == (second.key.step, second.key.line, second.key.turn)


def test_without_a_seed_every_call_has_its_own(base):
    assert ask(base).requests[0].seed != ask(base).requests[0].seed


@pytest.mark.parametrize("temperature", [0.0, 5e-324, 1e-38, 0.99e-4])
def test_next_to_no_temperature_is_none(base, temperature):
    assert ask(base, temperature=temperature).requests[0].temperature == 0
    assert ask(base, temperature=1e-4).requests[0].temperature == 1e-4


def test_a_nucleus_may_be_empty_but_for_the_likeliest(base):
    assert ask(base, top_p=0).requests[0].top_p == 0
    assert ask(base).requests[0].top_p == 1


def test_a_limit_holds_and_one_beyond_the_context_is_lowered(base):
    assert ask(base, max_completion_tokens=7, max_tokens=9).requests[0].max_tokens == 7
    assert ask(base, max_tokens=9).requests[0].max_tokens == 9
    huge = ask(base, max_completion_tokens=10_000).requests[0]
    assert huge.max_tokens == base.context - len(huge.prompt_ids)


def test_the_effort_asked_for_wins_over_the_models_own(base):
    assert ask(base, "none").requests[0].reasoning_tokens == 0
    low = ask(base, "none", reasoning_effort="low").requests[0]
    assert low.reasoning_tokens == base.renderer.reasoning_budget("low") > 0
    assert ask(base, "low", reasoning_effort="default").requests[0].prompt_ids == low.prompt_ids


@pytest.mark.parametrize(("limit", "reasoning"), [(500, 128), (255, 64), (100, 32), (2, 1), (1, 1)])
def test_a_short_limit_leaves_half_for_the_answer(base, limit, reasoning):
    assert base.renderer.reasoning_budget("medium") == 128
    assert ask(base, max_completion_tokens=limit).requests[0].reasoning_tokens == reasoning


def test_a_schema_is_handed_on_as_json_text(base):
    named = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}}
    assert ask(base, response_format=named).requests[0].response_schema == (
        '{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}'
    )
    assert ask(base, response_format={"type": "json_object"}).requests[0].response_schema == '{"type":"object"}'
    assert ask(base, response_format={"type": "text"}).requests[0].response_schema is None


def test_tools_are_rendered_and_looked_for_unless_the_choice_is_none(base):
    with_tools, marks = ask(base, tools=[TOOL], parallel_tool_calls=False)
    assert '"name": "f"' in base.tokenizer.decode(with_tools[0].prompt_ids)
    assert marks == Marks(tools=True, parallel=False)
    assert with_tools[0].calls is not None
    assert not with_tools[0].calls.are_many
    without, marks = ask(base, tools=[TOOL], tool_choice="none")
    assert without[0].prompt_ids == ask(base).requests[0].prompt_ids
    assert marks == Marks()


def test_a_penalty_of_nothing_is_no_penalty(base):
    assert ask(base, frequency_penalty=0, presence_penalty=0.0, logit_bias={}, modalities=["text"]).requests


def test_odds_are_told_where_logprobs_are_asked_for(base):
    assert ask(base).requests[0].likeliest is None
    assert ask(base, logprobs=False).requests[0].likeliest is None
    assert ask(base, logprobs=True).requests[0].likeliest == 0
    assert ask(base, logprobs=True, top_logprobs=3).requests[0].likeliest == 3


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
def test_a_call_that_is_demanded_is_required(base, choice):
    (only,) = ask(base, tools=[TOOL], tool_choice=choice).requests
    assert only.calls is not None
    assert only.calls.are_required


def test_a_schema_and_tools_may_stand_together(base):
    (only,) = ask(base, tools=[TOOL], response_format={"type": "json_object"}).requests
    assert only.calls is not None
    assert only.response_schema is not None


def test_a_model_without_marks_for_calls_cannot_be_made_to_call(tmp_path):
    directory = write_tiny_model(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        path = directory / name
        path.write_text(path.read_text().replace("tool_call>", "tool_xxxx>"))
    base = Base.load(directory)
    assert ask(base, tools=[TOOL]).requests[0].calls is None
    with pytest.raises(InvalidRequest, match="no marks for tool calls") as caught:
        ask(base, tools=[TOOL], tool_choice="required")
    assert caught.value.param == "tool_choice"


def test_stop_may_be_a_string_or_several(base):
    assert ask(base, stop="a").marks.stops == ("a",)
    assert ask(base, stop=["a", "b"]).marks.stops == ("a", "b")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"frequency_penalty": 0.5}, "frequency_penalty"),
        ({"presence_penalty": -1}, "presence_penalty"),
        ({"logit_bias": {"50": 1}}, "logit_bias"),
        ({"modalities": ["text", "audio"]}, "modalities"),
    ],
)
def test_what_no_model_here_can_do_is_refused(base, fields, param):
    with pytest.raises(InvalidRequest, match="not supported") as caught:
        ask(base, **fields)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "colour"}}}},
            "response_format.json_schema.schema",
        ),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stop": ""}, "stop"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0]",
        ),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": "f"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"messages": [{"role": "user", "content": "x" * 600}]}, "messages"),
    ],
)
def test_what_is_wrong_is_named(base, fields, param):
    with pytest.raises(InvalidRequest) as caught:
        ask(base, **fields)
    assert caught.value.param == param
