from burnish.core.rollout import Source
from burnish.policy.row import Row
from tests.policy.asking import SCHEMA, ask


def _row(base, limit=40, **request):
    asked = ask(base, **request)
    constraint = base.constraints.of(asked.response_schema, asked.reasoning_tokens)
    return Row(1, asked, None, None, 3, constraint, limit, cached_tokens=0, shared=None, used=len(asked.prompt_ids))


def test_tokens_without_alternative_follow_at_once(base):
    row = _row(base, effort="none", response_schema=SCHEMA)
    row.take_forced()
    text = base.tokenizer.decode(row.output)
    assert '{"compliant":"'.startswith(text) and text
    assert set(row.source) == {Source.FORCED_GRAMMAR}
    assert set(row.logprobs) == {0.0}


def test_the_stop_token_ends_a_row_and_is_kept(base):
    row = _row(base, effort="none")
    row.take(65, -1.0, 0.9)
    row.take(base.vocabulary.stop_ids[0], -2.0, 0.9)
    assert row.finish == "stop"
    completion = row.completion("stop")
    assert completion.output_ids.tolist() == [65, base.vocabulary.stop_ids[0]]
    assert completion.logprobs.tolist() == [-1.0, -2.0]
    assert completion.source.tolist() == [Source.SAMPLED, Source.SAMPLED]
    assert completion.policy_version == 3


def test_the_limit_ends_a_row_even_within_a_forced_run(base):
    row = _row(base, limit=2, effort="none", response_schema=SCHEMA)
    row.take_forced()
    assert (len(row.output), row.finish) == (2, "length")


def test_reasoning_is_counted_with_its_mark(base):
    row = _row(base, reasoning_tokens=2)
    row.take(65, -1.0, 1.0)
    row.take(66, -1.0, 1.0)
    row.take_forced()
    assert row.source.tolist() == [Source.SAMPLED, Source.SAMPLED, Source.FORCED_BUDGET]
    assert row.completion("length").reasoning_tokens == 3
