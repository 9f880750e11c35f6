"""Scores by the graders that a fine-tuning job would use."""

import asyncio
from collections.abc import Mapping, Sequence

from burnish.core.rollout import Item, Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.spec.grader import MultiSpec, StringCheckSpec, TextSimilaritySpec
from burnish.starter.family import Json


def scores(grader: Mapping[str, Json], pairs: Sequence[tuple[Item, Sample]]) -> list[float]:
    """The grader's score of every answer; 0 where it cannot read one."""
    grade = build(_spec(grader), Tools())

    async def grade_all() -> list[float]:
        return [(await grade(item, sample)).score or 0.0 for item, sample in pairs]

    return asyncio.run(grade_all())


def _spec(grader: Mapping[str, Json]) -> MultiSpec | StringCheckSpec | TextSimilaritySpec:
    """The exact kinds; families use no others."""
    match grader["type"]:
        case "multi":
            return MultiSpec.model_validate(grader)
        case "string_check":
            return StringCheckSpec.model_validate(grader)
        case "text_similarity":
            return TextSimilaritySpec.model_validate(grader)
        case kind:
            raise ValueError(f"'{kind}' is no exact grader.")
