"""/v1/fine_tuning/alpha/graders: try a grader on one answer, or only look whether it could run."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request

from burnish.core.hangup import unless_gone
from burnish.core.rollout import Fault, FaultNote, Grade, Item
from burnish.grade.answer import sample_of
from burnish.grade.build import Grader, build
from burnish.server import wire
from burnish.server.admission import check_grader, check_judges
from burnish.server.desk import AtDesk, Desk
from burnish.spec.grader import GraderSpec, LabelModelSpec, ScoreModelSpec
from burnish.spec.grading import GraderRun, GraderValidation

Json = Any
_PARAM = "grader"


def router() -> APIRouter:
    """The routes of graders."""
    api = APIRouter(prefix="/v1/fine_tuning/alpha/graders", tags=["Graders"])

    @api.post("/run")
    async def run(body: GraderRun, request: Request, desk: AtDesk) -> dict[str, Json]:
        """Grade one answer.

        What goes wrong while grading is a 200 with reward 0 and its flag in `metadata.errors`; only a grader that
        cannot run at all is a 400. Hanging up ends the work.
        """
        grader = await to_thread.run_sync(_built, desk, body.grader)
        item = Item(line=1, messages=(), tools=(), fields=body.item or {})
        grading = grader(item, sample_of(body.model_sample))
        limit_s = desk.settings.grading.run_timeout_s
        return wire.grade(await unless_gone(_within(limit_s, grading, body.grader), request.receive))

    @api.post("/validate")
    def validate(body: GraderValidation, desk: AtDesk) -> dict[str, Json]:
        """Whether a job would take the grader: its fields, its templates, its formula and its judges."""
        check_grader(desk, body.grader, _PARAM)
        return {"grader": wire.grader(body.grader.model_dump(mode="json"))}

    return api


def _built(desk: Desk, spec: GraderSpec) -> Grader:
    """May wait: for the sandbox to be tried out, and for rows."""
    check_judges(desk, spec, _PARAM)
    return build(spec, desk.tools, param=_PARAM)


async def _within(limit_s: float, grading: Awaitable[Grade], spec: GraderSpec) -> Grade:
    """The grade, or the fault of a grader that gives none in time; a judge that hangs is the judge's."""
    try:
        async with asyncio.timeout(limit_s):
            return await grading
    except TimeoutError:
        fault = Fault.MODEL_SERVER if isinstance(spec, ScoreModelSpec | LabelModelSpec) else Fault.UNRESPONSIVE
        note = FaultNote(fault, f"There was no grade within {limit_s:g} s.")
        return Grade(spec.name or spec.type, spec.type, 0.0, (note,), seconds=limit_s)
