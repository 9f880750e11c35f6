import dataclasses

import pytest

from burnish.core.errors import BurnishError, InvalidRequest, NotFound
from burnish.core.rollout import Source
from burnish.policy.engine import Engine, Failed, Finished
from burnish.policy.load import Base
from burnish.policy.row import Token
from tests.policy.asking import SCHEMA, answers, ask, every_case, finish_all, learnt


def test_the_same_requests_give_the_same_bits(base):
    assert answers(Engine(base), every_case(base)) == answers(Engine(base), every_case(base))


def test_the_order_of_asking_does_not_matter(base):
    requests = every_case(base)
    assert answers(Engine(base, max_rows=5), requests) == answers(Engine(base, max_rows=5), requests[::-1])


def test_another_seed_gives_other_answers(base):
    first = answers(Engine(base), [ask(base, seed=1)])
    second = answers(Engine(base), [ask(base, seed=2)])
    assert first[0].output_ids != second[0].output_ids


def test_answers_hang_on_their_requests_not_on_their_neighbours(base):
    together = answers(Engine(base), every_case(base))
    for completion, request in zip(together, sorted(every_case(base), key=lambda each: each.key), strict=True):
        (alone,) = answers(Engine(base), [request])
        assert alone.output_ids == completion.output_ids
        assert alone.logprobs.tolist() == pytest.approx(completion.logprobs.tolist(), abs=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_greedy_answer_in_a_crowd_is_that_alone_up_to_where_two_tokens_are_too_close_to_call(dtype):
    starter = Base.load("burnish-starter", dtype=dtype)
    texts = [
        f"{word} {number}?" for word in ("Backups", "Encryption", "What is 2 plus", "Write") for number in range(8)
    ]
    requests = [
        ask(starter, line, text=text, temperature=0.0, max_tokens=60, likeliest=2) for line, text in enumerate(texts)
    ]
    crowd = _with_odds(Engine(starter), requests)
    near = 0
    for request in requests:
        alone = _with_odds(Engine(starter), [request])[request.key]
        for mine, other in zip(alone, crowd[request.key], strict=False):
            if mine.id != other.id:
                first, second = mine.odds.likeliest
                assert first[1] - second[1] < 0.02
                near += 1
                break
        else:
            assert len(alone) == len(crowd[request.key])
    assert near < len(requests) / 4


def _with_odds(engine, requests):
    """Every answer's tokens."""
    keys = {engine.add(request): request.key for request in requests}
    tokens = {request.key: [] for request in requests}
    while not engine.idle:
        for event in engine.step():
            if isinstance(event, Token):
                tokens[keys[event.ticket]].append(event)
    return tokens


def test_few_rows_give_what_many_give(base):
    many, few = answers(Engine(base), every_case(base)), answers(Engine(base, max_rows=3), every_case(base))
    assert [each.output_ids for each in few] == [each.output_ids for each in many]


def test_memory_bounds_the_rows_and_changes_no_answer(base):
    requests = [ask(base, line) for line in range(6)]
    need = (len(requests[0].prompt_ids) + requests[0].max_tokens) * base.token_bytes
    engine = Engine(base, row_bytes=2 * need)
    for request in requests:
        engine.add(request)
    assert len({event.ticket for event in engine.step()}) == 2
    (tight, roomy) = (answers(Engine(base, row_bytes=size), requests) for size in (1, 100 * need))
    assert [each.output_ids for each in tight] == [each.output_ids for each in roomy]


def test_skipping_forced_tokens_changes_no_distribution(base):
    requests = [ask(base, line, response_schema=SCHEMA, reasoning_tokens=line % 4, max_tokens=60) for line in range(30)]
    skipping = answers(Engine(base), requests)
    drawing = answers(Engine(base, skip_forced=False), requests)
    assert any(Source.FORCED_GRAMMAR in completion.source for completion in skipping)
    for quick, slow in zip(skipping, drawing, strict=True):
        assert quick.output_ids == slow.output_ids
        assert quick.source == slow.source
        assert quick.logprobs.tolist() == pytest.approx(slow.logprobs.tolist(), abs=1e-4)


def test_a_cancelled_request_is_silent_and_changes_no_other(base):
    requests = every_case(base)
    undisturbed = {each.key: each for each in answers(Engine(base, max_rows=8), requests)}
    engine = Engine(base, max_rows=8)
    tickets = [engine.add(request) for request in requests]
    cancelled = {tickets[0], tickets[6], tickets[-1]}
    engine.step()
    for ticket in cancelled:
        engine.cancel(ticket)
    events = []
    while not engine.idle:
        events += engine.step()
    assert not cancelled & {event.ticket for event in events}
    ended = [event.completion for event in events if isinstance(event, Finished)]
    assert len(ended) == len(requests) - 3
    for completion in ended:
        assert completion.output_ids == undisturbed[completion.key].output_ids
        assert completion.logprobs.tolist() == pytest.approx(undisturbed[completion.key].logprobs.tolist(), abs=1e-4)


def test_every_token_is_told_once_and_in_order(base):
    engine = Engine(base, max_rows=4)
    tickets = {engine.add(request): request for request in every_case(base)}
    told: dict[int, list[Token]] = {ticket: [] for ticket in tickets}
    while not engine.idle:
        for event in engine.step():
            if isinstance(event, Token):
                told[event.ticket].append(event)
                continue
            completion = event.completion
            assert [token.id for token in told[event.ticket]] == completion.output_ids.tolist()
            assert [token.logprob for token in told[event.ticket]] == completion.logprobs.tolist()
            assert [token.source for token in told[event.ticket]] == completion.source.tolist()


def test_greedy_answers_take_the_likeliest_token(base):
    first = answers(Engine(base), [ask(base, temperature=0.0, seed=1)])
    second = answers(Engine(base), [ask(base, temperature=0.0, seed=2)])
    assert first[0].output_ids == second[0].output_ids


def test_a_prompt_that_came_before_is_cached(base):
    engine = Engine(base)
    (first,) = finish_all(engine, [ask(base)]).values()
    (again,) = finish_all(engine, [ask(base, sample=1)]).values()
    assert (first.cached_tokens, again.cached_tokens) == (0, len(ask(base).prompt_ids))


def test_a_long_beginning_that_came_before_is_cached_and_says_the_same(base):
    long = "Judge by the policy. " * 20
    engine = Engine(base)
    finish_all(engine, [ask(base, text=long + "one"), ask(base, line=2, text=long + "two")])
    request = ask(base, line=3, text=long + "three")
    (cached,) = finish_all(engine, [request]).values()
    (fresh,) = finish_all(Engine(base), [request]).values()
    assert len(request.prompt_ids) - 30 < cached.cached_tokens < len(request.prompt_ids)
    assert cached.completion.output_ids == fresh.completion.output_ids
    assert cached.completion.logprobs.tolist() == pytest.approx(fresh.completion.logprobs.tolist(), abs=1e-4)


def test_a_prompt_cache_dies_with_the_adapters_version(base):
    engine, adapter = Engine(base), learnt(base)
    engine.attach("tuned", adapter)
    finish_all(engine, [ask(base)], "tuned")
    for factors in adapter.factors.values():
        factors.b_Or.data.mul_(3)
    adapter.version += 1
    (event,) = finish_all(engine, [ask(base)], "tuned").values()
    other = Engine(base)
    other.attach("tuned", adapter)
    (fresh,) = finish_all(other, [ask(base)], "tuned").values()
    assert event.cached_tokens == 0
    assert event.completion.policy_version == 1
    assert event.completion == fresh.completion


def test_several_adapters_at_once_speak_each_for_itself(base):
    engine = Engine(base)
    adapters = {"one": learnt(base, seed=1), "two": learnt(base, seed=2)}
    for name, adapter in adapters.items():
        engine.attach(name, adapter)
    names = {engine.add(ask(base, line, sample), name): name for line in (1, 2) for sample, name in enumerate(
        ("one", None, "two", "one", None)
    )}  # fmt: skip
    mixed: dict[str | None, dict] = {"one": {}, "two": {}, None: {}}
    while not engine.idle:
        for event in engine.step():
            if isinstance(event, Finished):
                mixed[names[event.ticket]][event.completion.key] = event.completion
    for name, completions in mixed.items():
        alone = Engine(base)
        if name is not None:
            alone.attach(name, adapters[name])
        requests = [ask(base, each.line, each.sample) for each in completions]
        for completion in answers(alone, requests, name):
            assert completion.output_ids == completions[completion.key].output_ids
            assert completion.logprobs.tolist() == pytest.approx(
                completions[completion.key].logprobs.tolist(), abs=1e-4
            )


def test_an_unknown_adapter_and_one_in_use_are_told(base):
    engine = Engine(base)
    with pytest.raises(NotFound, match="nobody"):
        engine.add(ask(base), "nobody")
    engine.attach("tuned", learnt(base))
    ticket = engine.add(ask(base), "tuned")
    with pytest.raises(BurnishError, match="in use"):
        engine.detach("tuned")
    engine.cancel(ticket)
    engine.detach("tuned")
    with pytest.raises(NotFound):
        engine.add(ask(base), "tuned")


@pytest.mark.parametrize(
    "case", [{}, {"top_p": 0.5}, {"likeliest": 2}, {"temperature": 0.0}, {"response_schema": SCHEMA}]
)
def test_an_answer_whose_scores_are_no_numbers_fails_alone(base, case):
    engine, broken = Engine(base), learnt(base)
    next(iter(broken.factors.values())).b_Or.data.fill_(float("nan"))
    engine.attach("broken", broken)
    lost = engine.add(ask(base, 1, **case), "broken")
    kept = engine.add(ask(base, 2))
    events = []
    while not engine.idle:
        events += engine.step()
    (failed,) = [event for event in events if isinstance(event, Failed)]
    assert failed.ticket == lost
    assert "diverged" in failed.error.message
    assert not [event for event in events if event.ticket == lost and event is not failed]
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert finished.ticket == kept
    assert finished.completion == answers(Engine(base), [ask(base, 2)])[0]


def test_an_answer_that_its_grammar_forbids_fails_alone(base, monkeypatch):
    engine = Engine(base)
    lost = engine.add(ask(base, 1, effort="none", reasoning_tokens=0, response_schema=SCHEMA))
    kept = engine.add(ask(base, 2))
    engine.step()
    [row] = [row for row in engine._rows if row.ticket == lost]
    monkeypatch.setattr(row.walk, "allowed", base.vocabulary.bits([0]))
    monkeypatch.setattr(row.walk, "only", None)
    events = []
    while not engine.idle:
        events += engine.step(ends_only=True)
    assert [(type(event), event.ticket) for event in events] == [(Failed, lost), (Finished, kept)]
    assert "not allowed by the grammar" in events[0].error.message


def test_completions_are_told_by_key_and_a_failure_is_raised(base):
    engine, broken = Engine(base), learnt(base)
    for sample in (1, 0):
        engine.add(ask(base, 1, sample))
    assert engine.completions() == answers(Engine(base), [ask(base, 1, 0), ask(base, 1, 1)])
    next(iter(broken.factors.values())).b_Or.data.fill_(float("nan"))
    engine.attach("broken", broken)
    engine.add(ask(base), "broken")
    with pytest.raises(BurnishError, match="diverged"):
        engine.completions()


def test_a_prompt_without_room_for_an_answer_is_refused(base):
    request = ask(base, text="x" * base.context)
    with pytest.raises(InvalidRequest) as caught:
        Engine(base).add(request)
    assert caught.value.code == "context_length_exceeded"


def test_the_context_ends_an_answer(base):
    request = ask(base, text="x" * 440, max_tokens=10_000)
    room = base.context - len(request.prompt_ids)
    request = dataclasses.replace(request, reasoning_tokens=room)
    (completion,) = answers(Engine(base), [request])
    assert completion.finish == "stop" or len(completion.output_ids) == room


def test_every_step_is_heard(base):
    steps, beats = 0, list[int]()
    nobody, base.beat = base.beat, lambda: beats.append(1)
    engine = Engine(base)
    engine.add(ask(base))
    while not engine.idle:
        engine.step()
        steps += 1
    base.beat = nobody
    assert len(beats) == steps > 1
