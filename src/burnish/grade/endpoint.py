"""`endpoint`: the user's own HTTP server gives the score."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from burnish.core.errors import GraderUnavailable, TooLarge
from burnish.core.ids import new_id
from burnish.core.rollout import Fault, FaultNote, Grade, Json
from burnish.grade.door import Case, Title
from burnish.grade.persist import Sleep, persist
from burnish.grade.tools import Poster
from burnish.spec.grader import EndpointSpec

PAUSES_S = (1.0, 2.0, 4.0)
"""Before each of OpenAI's three retries."""


class Pace:
    """Lets through so many a second, evenly. Lives in one event loop."""

    def __init__(self, per_second: float, sleep: Sleep, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap_s = 1 / per_second
        self._sleep = sleep
        self._clock = clock
        self._next_s = -math.inf

    async def turn(self) -> None:
        """Wait until it is one's turn, in the order of asking."""
        now_s = self._clock()
        mine_s = max(now_s, self._next_s)
        self._next_s = mine_s + self._gap_s
        if mine_s > now_s:
            await self._sleep(mine_s - now_s)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Posts {sample, item, trace_id} and takes the answer's `score` as it is."""

    spec: EndpointSpec
    poster: Poster
    sleep: Sleep
    pace: Pace | None

    async def grade(self, case: Case, title: Title) -> Grade:
        """The score; None, with `other_error`, where there is none after the last attempt.

        Every failure but a body that is too large may pass; all attempts carry the same trace id.
        """
        body = {"sample": case.scope["sample"], "item": case.scope["item"], "trace_id": new_id("trace_")}
        try:
            about = {"grader": title.name, "trace": body["trace_id"]}
            return title.grade(await persist(lambda: self._score(body), PAUSES_S, self.sleep, about))
        except (GraderUnavailable, TooLarge) as error:
            return title.grade(None, FaultNote(Fault.OTHER, f"The grader's endpoint gave no score: {error.message}."))

    async def _score(self, body: dict[str, Json]) -> float:
        """Of one attempt."""
        if self.pace is not None:
            await self.pace.turn()
        answer = await self.poster.post(self.spec.url, body, self.spec.headers or {})
        score = answer.get("score") if isinstance(answer, dict) else None
        try:
            if isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score):
                return float(score)
        except OverflowError:
            pass
        raise GraderUnavailable("the answer is not {'score': number}")


def endpoint_of(spec: EndpointSpec, poster: Poster, sleep: Sleep) -> Endpoint:
    """The grader, with a pace of its own where the spec limits its rate."""
    return Endpoint(spec, poster, sleep, None if spec.rate_limit is None else Pace(spec.rate_limit, sleep))
