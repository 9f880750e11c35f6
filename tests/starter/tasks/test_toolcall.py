import json
import random
from array import array

from burnish.core.rollout import Completion, SampleKey
from burnish.policy.render import Renderer
from burnish.policy.vocabulary import Vocabulary
from burnish.starter.corpus import answer_text
from burnish.starter.grading import scores
from burnish.starter.sampling import item_of
from burnish.starter.tasks.toolcall import TOOLCALL, with_reply
from tests.starter.weights import tokenizer


def test_the_right_tool_is_among_those_offered_and_its_arguments_fit():
    rng = random.Random(0)
    for _ in range(200):
        fields = TOOLCALL.item(rng).fields
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in fields["tools"]}
        assert list(json.loads(fields["arguments"])) == schemas[fields["tool"]]["required"]


def test_the_request_names_every_argument():
    rng = random.Random(0)
    for _ in range(200):
        fields = TOOLCALL.item(rng).fields
        assert all(str(value) in fields["messages"][0]["content"] for value in json.loads(fields["arguments"]).values())


def test_careful_calls_are_right():
    rng = random.Random(0)
    for _ in range(200):
        row = TOOLCALL.item(rng)
        shown = TOOLCALL.demonstrate(row, rng, "high")
        if shown.careful:
            (call,) = shown.tool_calls
            assert (call.name, call.arguments) == (row.fields["tool"], row.facts["arguments"])


def test_a_reply_follows_the_right_call():
    rng = random.Random(3)
    row = TOOLCALL.item(rng)
    messages, told = with_reply(row, rng)
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    (call,) = messages[1]["tool_calls"]
    assert call["function"]["name"] == row.fields["tool"]
    assert json.loads(call["function"]["arguments"]) == row.facts["arguments"]
    assert messages[2]["tool_call_id"] == call["id"]
    assert any(str(value) in told for value in json.loads(messages[2]["content"]).values())


def test_the_engine_reads_a_right_call_so_that_the_grader_gives_it_the_full_score():
    rng = random.Random(4)
    row = TOOLCALL.item(rng)
    shown = next(one for _ in range(50) if (one := TOOLCALL.demonstrate(row, rng, "high")).careful)
    ids = array("q", [*tokenizer().encode(answer_text(shown)), 2])
    n = len(ids)
    zeros = array("d", [0.0] * n)
    key = SampleKey("job", "train", 1, 1, 0)
    completion = Completion(key, array("q"), ids, zeros, array("b", [0] * n), zeros, None, 1.0, 0, 0, "stop")
    sample = Renderer(tokenizer(), Vocabulary(tokenizer(), (2,), 2048), 4096).reply(completion)
    assert scores(TOOLCALL.grader, [(item_of(row), sample)]) == [1.0]
