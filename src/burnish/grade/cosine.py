"""`text_similarity` by `cosine`: how alike an embedding model finds two texts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from burnish.core.errors import BurnishError
from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.core.template import fill
from burnish.grade.door import Case, Title
from burnish.grade.tools import Embedder
from burnish.spec.grader import TextSimilaritySpec


@dataclass(frozen=True, slots=True)
class Cosine:
    """The cosine of the two embeddings; a negative one counts 0."""

    spec: TextSimilaritySpec
    embedder: Embedder

    async def grade(self, case: Case, title: Title) -> Grade:
        """How alike the texts are: 0 where one is blank, which endpoints refuse, and with its fault where one is too
        long for the model; None where the model failed us.
        """
        texts = fill(self.spec.input, case.scope), fill(self.spec.reference, case.scope)
        if not all(text.strip() for text in texts):
            return title.grade(0.0)
        try:
            left, right = await self.embedder.embed(texts)
        except BurnishError as error:
            if error.code == "context_length_exceeded":  # no other attempt would do better
                return title.grade(0.0, FaultNote(Fault.OTHER, error.message))
            return title.grade(None, FaultNote(Fault.MODEL_SERVER, error.message))
        return title.grade(min(max(cosine(left, right), 0.0), 1.0))


def cosine(left: Sequence[float], right: Sequence[float]) -> float:
    """Of the angle between two vectors, -1..1; 0 where one has no length."""
    lengths = math.hypot(*left) * math.hypot(*right)
    return math.fsum(a * b for a, b in zip(left, right, strict=True)) / lengths if lengths else 0.0
