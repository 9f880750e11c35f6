"""How long one call of a grader may take by its own time-outs, all attempts and the pauses between them included."""

from typing import assert_never

from burnish.grade import endpoint, python
from burnish.remote import poster
from burnish.remote.endpoint import LONGEST_PAUSE_S
from burnish.remote.infer import infer_remote
from burnish.sandbox.limits import Limits
from burnish.settings import Remote, Settings
from burnish.spec.grader import (
    EndpointSpec,
    GraderSpec,
    LabelModelSpec,
    MultiSpec,
    PythonSpec,
    ScoreModelSpec,
    StringCheckSpec,
    TextSimilaritySpec,
)


def longest_call_s(spec: GraderSpec, settings: Settings) -> float:
    """Of the slowest of a grader's parts, once it has its turn; 0 for what needs nobody outside."""
    match spec:
        case MultiSpec():
            return max(longest_call_s(child, settings) for child in spec.graders.values())
        case ScoreModelSpec() | LabelModelSpec():
            return _remote_s(spec.model, settings)
        case TextSimilaritySpec():
            return _remote_s(settings.grading.embedder, settings) if spec.evaluation_metric == "cosine" else 0.0
        case EndpointSpec():
            return _attempts_s(poster.TIMEOUT_S, endpoint.PAUSES_S)
        case PythonSpec():
            limits = Limits()
            return _attempts_s(limits.start_timeout_s + 2 * limits.timeout_s, python.PAUSES_S)  # loaded, then asked
        case StringCheckSpec():
            return 0.0
        case _:
            assert_never(spec)


def _remote_s(model: str, settings: Settings) -> float:
    """Of a model elsewhere; one in the run's own process has no time-out, and its work is seen."""
    target = settings.resolve(model)
    if target in settings.models.embedders and settings.infer_url is not None:
        remote: Remote | None = infer_remote(settings)
    else:
        remote = settings.models.remote.get(target)
    return remote.attempts * (remote.timeout_s + LONGEST_PAUSE_S) if remote is not None else 0.0


def _attempts_s(timeout_s: float, pauses_s: tuple[float, ...]) -> float:
    return timeout_s * (1 + len(pauses_s)) + sum(pauses_s)
