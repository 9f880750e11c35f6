import dataclasses
import hashlib

import pytest

from burnish.core.rollout import Sample
from burnish.grade.digest import digest
from burnish.spec.grader import StringCheckSpec

SPEC = StringCheckSpec(type="string_check", input="a", reference="b", operation="eq")
SAMPLE = Sample("hé", {"y": 1, "x": 2})


def test_it_is_the_sha256_of_the_canonical_json():
    canonical = (
        '{"answer":{"finish":"stop","json":{"x":2,"y":1},"text":"h\\u00e9","tool_calls":[]},'
        '"grader":{"input":"a","operation":"eq","reference":"b","type":"string_check"}}'
    )
    assert digest(SPEC, SAMPLE) == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_order_of_keys_and_unset_defaults_do_not_matter():
    assert digest(SPEC, Sample("hé", {"x": 2, "y": 1})) == digest(SPEC, SAMPLE)
    assert digest(SPEC.model_copy(update={"name": None}), SAMPLE) == digest(SPEC, SAMPLE)


@pytest.mark.parametrize(
    "change", [{"text": "he"}, {"json": None}, {"finish": "length"}, {"tool_calls": ({"id": "call_1"},)}]
)
def test_another_answer_has_another_digest(change):
    assert digest(SPEC, dataclasses.replace(SAMPLE, **change)) != digest(SPEC, SAMPLE)


def test_another_grader_has_another_digest():
    assert digest(SPEC.model_copy(update={"operation": "ne"}), SAMPLE) != digest(SPEC, SAMPLE)


def test_hidden_reasoning_is_no_part_of_it():
    assert digest(SPEC, dataclasses.replace(SAMPLE, reasoning="hm")) == digest(SPEC, SAMPLE)
