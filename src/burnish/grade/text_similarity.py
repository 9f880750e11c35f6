"""`text_similarity`: how alike two texts are, by ROUGE."""

from dataclasses import dataclass
from typing import assert_never

from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Grade
from burnish.core.template import fill
from burnish.grade.door import Case, Title
from burnish.grade.rouge import rouge_l, rouge_n
from burnish.spec.grader import Metric, TextSimilaritySpec


@dataclass(frozen=True, slots=True)
class TextSimilarity:
    """The metric's F-measure, 0..1. Construct it only with a metric that `check_metric` lets pass."""

    spec: TextSimilaritySpec

    async def grade(self, case: Case, title: Title) -> Grade:
        """How alike the two texts are."""
        text, reference = fill(self.spec.input, case.scope), fill(self.spec.reference, case.scope)
        return title.grade(_similarity(self.spec.evaluation_metric, text, reference))


def check_metric(metric: Metric, param: str) -> None:
    """Raise `InvalidRequest`, naming `param`, for metrics that this version does not have."""
    if metric in ("fuzzy_match", "bleu", "gleu", "meteor", "cosine"):
        raise InvalidRequest(_unavailable(metric), param=param)


def _similarity(metric: Metric, text: str, reference: str) -> float:
    match metric:
        case "rouge_1" | "rouge_2" | "rouge_3" | "rouge_4" | "rouge_5":
            return rouge_n(reference, text, int(metric.removeprefix("rouge_")))
        case "rouge_l":
            return rouge_l(reference, text)
        case "fuzzy_match" | "bleu" | "gleu" | "meteor" | "cosine":
            raise InvalidRequest(_unavailable(metric))
        case _:
            assert_never(metric)


def _unavailable(metric: Metric) -> str:
    return f"evaluation_metric '{metric}' is not available in this version; use rouge_1 to rouge_5 or rouge_l."
