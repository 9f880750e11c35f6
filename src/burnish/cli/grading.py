"""Grading in this process, with the tools that the settings name: for commands that work on the store itself."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from burnish.core.rollout import Grade, Item, Sample
from burnish.settings import Settings

if TYPE_CHECKING:
    from burnish.policy.load import Base
    from burnish.spec.grader import GraderSpec

AT_A_TIME = 16


def grading_of(settings: Settings) -> "Callable[[GraderSpec, Base, Sequence[tuple[Item, Sample]]], list[Grade]]":
    """Grades answers in order. Judges on this machine are loaded here, unless they are the base that is given along."""

    def graded(spec: "GraderSpec", base: "Base", cases: Sequence[tuple[Item, Sample]]) -> list[Grade]:
        return asyncio.run(_graded(settings, spec, base, cases))

    return graded


async def _graded(
    settings: Settings, spec: "GraderSpec", base: "Base", cases: Sequence[tuple[Item, Sample]]
) -> list[Grade]:
    from burnish.grade.build import build
    from burnish.toolbox import Toolbox
    from burnish.work.judges import Judges

    toolbox = Toolbox.of(settings)
    slots = asyncio.Semaphore(AT_A_TIME)

    async def one(case: tuple[Item, Sample]) -> Grade:
        async with slots:
            return await grader(*case)

    with Judges.opened(settings, base) as judges:
        try:
            grader = build(spec, toolbox.tools(judges))
            return list(await asyncio.gather(*map(one, cases)))
        finally:
            await toolbox.aclose()
