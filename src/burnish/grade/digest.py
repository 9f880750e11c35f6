"""Names a grader with an answer, so that the journal can tell whether a grade was already given."""

import hashlib
import json

from burnish.core.rollout import Sample
from burnish.spec.grader import GraderSpec, MultiSpec, StringCheckSpec, TextSimilaritySpec


def is_repeatable(spec: GraderSpec) -> bool:
    """Whether grading the same answer again gives the same grade for certain."""
    if isinstance(spec, MultiSpec):
        return all(is_repeatable(child) for child in spec.graders.values())
    if isinstance(spec, TextSimilaritySpec):
        return spec.evaluation_metric != "cosine"
    return isinstance(spec, StringCheckSpec)


def digest(spec: GraderSpec, sample: Sample) -> str:
    """sha256, in hex, of all that a grader sees of an answer, and of the grader.

    Defaults are left out of the spec: a later version's new fields do not change the digests of stored jobs.
    """
    seen = {
        "grader": spec.model_dump(mode="json", exclude_defaults=True),
        "answer": {
            "text": sample.text,
            "json": sample.json,
            "tool_calls": [dict(call) for call in sample.tool_calls],
            "finish": sample.finish,
        },
    }
    canonical = json.dumps(seen, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
