import pytest

from burnish.spec.response import ResponseRequest


def request(**fields: object) -> ResponseRequest:
    return ResponseRequest.model_validate({"model": "m", **fields})


@pytest.mark.parametrize(
    ("reasoning", "tells"),
    [
        (None, False),
        ({"effort": "low"}, False),
        ({"summary": "auto"}, True),
        ({"generate_summary": "concise"}, True),
    ],
)
def test_a_summary_is_told_to_who_asks_for_one(reasoning, tells):
    assert request(reasoning=reasoning).tells_reasoning is tells


def test_log_probs_are_told_to_who_asks_for_them():
    assert not request().tells_logprobs
    assert not request(top_logprobs=0).tells_logprobs
    assert request(top_logprobs=1).tells_logprobs
    assert request(include=["message.output_text.logprobs"]).tells_logprobs
