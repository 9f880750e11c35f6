"""`text_similarity`: how alike two texts are, 0..1."""

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import assert_never

from rapidfuzz import fuzz

from burnish.core.rollout import Fault, FaultNote, Grade
from burnish.core.template import fill
from burnish.grade.bleu import bleu, gleu
from burnish.grade.door import Case, Title
from burnish.grade.meteor import meteor
from burnish.grade.rouge import rouge_l, rouge_n
from burnish.grade.tools import Thesaurus
from burnish.spec.grader import TextMetric, TextSimilaritySpec

MAX_CHARACTERS = 100_000
"""Of each text. At this length the slowest metric takes seconds (measured on two cores), and it grows from there."""
SHORT_CHARACTERS = 2_000
"""Longer texts are compared in a thread, so that whatever else waits on the event loop goes on."""
WITHOUT_WORDNET = "METEOR counted equal words and equal stems only: WordNet, which knows synonyms, was not found."


@dataclass(frozen=True, slots=True)
class TextSimilarity:
    """A metric that needs nothing but the texts."""

    spec: TextSimilaritySpec
    metric: TextMetric
    thesaurus: Thesaurus | None

    async def grade(self, case: Case, title: Title) -> Grade:
        """How alike the two texts are; 0 with its fault where one is too long to be compared."""
        text, reference = fill(self.spec.input, case.scope), fill(self.spec.reference, case.scope)
        for name, each in (("input", text), ("reference", reference)):
            if len(each) > MAX_CHARACTERS:
                detail = f"'{name}' has {len(each)} characters; at most {MAX_CHARACTERS} are compared."
                return title.grade(0.0, FaultNote(Fault.OTHER, detail))
        if len(text) + len(reference) > SHORT_CHARACTERS:
            score = await asyncio.to_thread(self._score, text, reference)
        else:
            score = self._score(text, reference)
        is_partial = self.metric == "meteor" and self.thesaurus is None
        return dataclasses.replace(title.grade(score), notes=(WITHOUT_WORDNET,) if is_partial else ())

    def _score(self, text: str, reference: str) -> float:
        match self.metric:
            case "fuzzy_match":
                return fuzz.ratio(text, reference) / 100
            case "bleu":
                return bleu(reference, text)
            case "gleu":
                return gleu(reference, text)
            case "meteor":
                return meteor(reference, text, self.thesaurus)
            case "rouge_1" | "rouge_2" | "rouge_3" | "rouge_4" | "rouge_5":
                return rouge_n(reference, text, int(self.metric.removeprefix("rouge_")))
            case "rouge_l":
                return rouge_l(reference, text)
            case _:
                assert_never(self.metric)
