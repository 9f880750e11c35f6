import json
from array import array

import pytest

from burnish.core.errors import BurnishError, InvalidRequest
from burnish.core.rollout import Source
from burnish.policy.constraint import MOST_CONSTRAINTS, Constraint, Constraints, Only, _fault_of
from burnish.policy.roles import Calls
from burnish.spec.tool_grammar import call_grammar
from tests.policy.asking import SCHEMA, prompt


def _allowed(base, walk):
    return set(base.vocabulary.flags([walk.allowed])[0].nonzero()[:, 0].tolist())


def _ids(base, text):
    return base.tokenizer.encode(text)


def _take(base, walk, text):
    for token in _ids(base, text):
        walk.take(token)


def test_the_grammar_is_in_force_from_the_end_of_reasoning(base):
    walk = base.constraints.of(SCHEMA, 50).walk(prompt(base))
    assert set(_ids(base, "xyz{")) <= _allowed(base, walk)
    _take(base, walk, "hm, what</think>")
    assert not walk.is_reasoning
    assert _allowed(base, walk) <= set(_ids(base, "{")) | {_ids(base, '{"')[0]}


def test_an_answer_under_a_schema_ends_with_it(base):
    walk = base.constraints.of(SCHEMA, 50).walk(prompt(base, effort="none"))
    _take(base, walk, json.dumps({"compliant": "no", "explanation": "it is"}, separators=(",", ":")))
    assert walk.only == Only(base.vocabulary.stop_ids[0], Source.FORCED_GRAMMAR)
    walk.take(walk.only.id)
    assert walk.is_stopped


def test_whitespace_between_tokens_is_not_allowed(base):
    walk = base.constraints.of(SCHEMA, 50).walk(prompt(base, effort="none"))
    _take(base, walk, '{"compliant"')
    assert not set(_ids(base, " ")) & _allowed(base, walk)


def test_reasoning_that_used_its_budget_is_closed(base):
    walk = base.constraints.of(None, 3).walk(prompt(base))
    for token in _ids(base, "abc"):
        assert walk.only is None
        walk.take(token)
    assert walk.only == Only(base.vocabulary.end_think_id, Source.FORCED_BUDGET)
    assert _allowed(base, walk) == {base.vocabulary.end_think_id}
    walk.take(walk.only.id)
    assert (walk.is_reasoning, walk.reasoning) == (False, 4)


def test_a_budget_of_none_closes_reasoning_at_once(base):
    walk = base.constraints.of(None, 0).walk(prompt(base))
    assert walk.only == Only(base.vocabulary.end_think_id, Source.FORCED_BUDGET)


def test_reasoning_may_stop_early_only_where_no_schema_is_owed(base):
    stop = base.vocabulary.stop_ids[0]
    free, bound = base.constraints.of(None, 9).walk(prompt(base)), base.constraints.of(SCHEMA, 9).walk(prompt(base))
    assert stop in _allowed(base, free)
    assert stop not in _allowed(base, bound)


def test_a_model_that_opens_its_reasoning_itself_may_do_so_first(base):
    bare = array("q", _ids(base, "<|im_start|>assistant\n"))
    for schema in (None, SCHEMA):
        walk = base.constraints.of(schema, 5).walk(bare)
        assert base.vocabulary.think_id in _allowed(base, walk)
        assert walk.only is None
        walk.take(base.vocabulary.think_id)
        assert (walk.is_reasoning, walk.reasoning) == (True, 1)
    walk = base.constraints.of(None, 5).walk(bare)
    walk.take(_ids(base, "a")[0])
    assert base.vocabulary.think_id not in _allowed(base, walk)


def test_without_a_budget_nothing_is_opened(base):
    bare = array("q", _ids(base, "<|im_start|>assistant\n"))
    assert base.vocabulary.think_id not in _allowed(base, base.constraints.of(None, 0).walk(bare))


def test_replaying_an_answer_gives_the_sets_of_the_walk(base):
    constraint = base.constraints.of(SCHEMA, 4)
    start = prompt(base)
    ids = array("q", _ids(base, 'abcd</think>{"compliant":"no","explanation":"x"}<|im_end|>'))
    walk = constraint.walk(start)
    for token, bits in zip(ids, constraint.replay(start, ids), strict=True):
        assert bits.tolist() == walk.allowed.tolist()
        walk.take(token)
    assert walk.is_stopped


def test_a_token_against_the_grammar_is_our_bug(base):
    walk = base.constraints.of(SCHEMA, 0).walk(prompt(base, effort="none"))
    with pytest.raises(BurnishError, match="not allowed"):
        _take(base, walk, "[")


def test_constraints_are_named_by_all_that_they_restrict(base, bases):
    digests = {base.constraints.of(schema, budget).digest for schema in (None, SCHEMA) for budget in (0, 5)}
    assert len(digests) == 4
    assert Constraints(base.vocabulary).of(SCHEMA, 5).digest in digests
    assert base.constraints.named(min(digests)).digest == min(digests)
    with pytest.raises(BurnishError, match="not known"):
        Constraints(base.vocabulary).named(min(digests))


def test_schemas_that_allow_the_same_are_still_two(base):
    constraints = Constraints(base.vocabulary)
    one = constraints.of('{"type":"string","format":"date","pattern":"^2"}', 0)
    other = constraints.of('{"type":"string","format":"date","pattern":"^2","allOf":[]}', 0)
    assert one.digest != other.digest
    assert constraints.named(other.digest) is other


def test_a_schema_that_cannot_be_enforced_is_refused(base):
    with pytest.raises(InvalidRequest) as caught:
        base.constraints.of('{"not":{"type":"string"}}', 0)
    assert caught.value.code == "invalid_json_schema"


def test_a_grammar_that_cannot_be_walked_is_known_before_anybody_does(base):
    matcher = base.constraints.of(SCHEMA, 0).matcher()
    assert _fault_of(matcher) is None
    assert _fault_of(matcher) is None  # the look has moved nothing
    matcher.consume_token(base.vocabulary.stop_ids[0])
    assert _fault_of(matcher)


CALL = call_grammar(
    [
        {
            "type": "function",
            "function": {
                "name": "f",
                "parameters": {
                    "type": "object",
                    "properties": {"x": {"enum": [1, 2]}},
                    "required": ["x"],
                    "additionalProperties": False,
                },
            },
        }
    ]
)


def _walk(base, schema=None, **calls):
    return base.constraints.of(schema, 0, Calls(CALL, **calls)).walk(prompt(base, effort="none"))


def test_a_call_may_come_at_any_place_of_a_free_answer_and_is_bound_inside(base):
    walk = _walk(base)
    mark, end = base.vocabulary.call_id, base.vocabulary.end_call_id
    assert {mark, *base.vocabulary.stop_ids, *_ids(base, "x")} <= _allowed(base, walk)
    assert end not in _allowed(base, walk)
    _take(base, walk, "I look.")
    walk.take(mark)
    assert not _allowed(base, walk) & {mark, end, *base.vocabulary.stop_ids, *_ids(base, "x")}
    _take(base, walk, '{"name":"f","arguments":{"x":')
    assert _allowed(base, walk) <= {
        token for text in ("1", "2", " ", " 1", " 2", "1}", "2}", "1}}", "2}}") for token in _ids(base, text)
    }
    _take(base, walk, "2}}")
    assert end in _allowed(base, walk)
    walk.take(end)
    assert _allowed(base, walk) == {mark, *base.vocabulary.stop_ids}


def test_a_required_call_comes_first_and_nothing_but_calls_after_it(base):
    walk = _walk(base, are_required=True)
    assert walk.only == Only(base.vocabulary.call_id, Source.FORCED_GRAMMAR)


def test_a_single_call_ends_the_answer(base):
    walk = _walk(base, are_many=False)
    _take(base, walk, '<tool_call>{"name":"f","arguments":{"x":1}}</tool_call>')
    assert _allowed(base, walk) == set(base.vocabulary.stop_ids)


def test_beside_a_schema_a_call_may_stand_in_the_answers_place(base):
    walk = _walk(base, SCHEMA)
    assert base.vocabulary.call_id in _allowed(base, walk)
    assert not _allowed(base, walk) & set(base.vocabulary.stop_ids)
    walk.take(_ids(base, "{")[0])
    assert base.vocabulary.call_id not in _allowed(base, walk)


def test_after_reasoning_a_call_may_come(base):
    walk = base.constraints.of(None, 5, Calls(CALL, are_required=True)).walk(prompt(base))
    assert not _allowed(base, walk) & set(base.vocabulary.stop_ids)
    _take(base, walk, "hm</think>")
    assert _allowed(base, walk) == {base.vocabulary.call_id}


def test_the_same_answer_replays_to_the_same_sets(base):
    constraint = base.constraints.of(None, 0, Calls(CALL))
    output = array("q", _ids(base, 'So<tool_call>{"name":"f","arguments":{"x":1}}</tool_call><|im_end|>'))
    walk, sets = constraint.walk(prompt(base, effort="none")), []
    for token in output:
        sets.append(walk.allowed.tolist())
        walk.take(token)
    runs = constraint.runs(prompt(base, effort="none"), output)
    assert [bits.tolist() for bits, _ in runs] == sets


def test_of_many_constraints_the_latest_are_kept(base):
    constraints = Constraints(base.vocabulary)
    first = constraints.of(None, 0)
    for budget in range(1, MOST_CONSTRAINTS):
        constraints.of(None, budget)
    assert constraints.of(None, 0) is first
    constraints.of(None, MOST_CONSTRAINTS)
    assert constraints.of(None, 0) is first
    with pytest.raises(BurnishError, match="not known"):
        constraints.named(Constraint(base.vocabulary, None, 1).digest)
