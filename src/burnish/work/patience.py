"""How long a run bears with graders that fail: beyond that it would train on what is left, or on zeros."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from burnish.core.errors import JobFailure
from burnish.core.rollout import Fault, FaultNote, Grade, Group
from burnish.grade.flags import all_faults

SHARE = 0.2
"""Of a step's grades: more than this may not fail in too many steps in a row."""
STEPS = 3
TRACEBACKS = 3
LONGEST_TRACEBACK = 2000
"""Characters of a traceback that are shown, its end."""

_PARAM = "method.reinforcement.grader"


@dataclass(frozen=True, slots=True)
class Patience:
    """Steps in a row, up to the last one, in which too many grades failed; ungraded answers do not count."""

    lost: int = 0
    """Because sandboxes, judges or endpoints failed us."""
    raised: int = 0
    """Because the user's python raised."""
    outage: str | None = None
    """Why the run should pause: what failed us must be mended first, and the message says how."""

    def after(self, groups: Sequence[Group]) -> "Patience":
        """The patience after a training step.

        Raises `JobFailure`, its code the fault's name, when there is none left with the user's own python: that does
        not mend itself.
        """
        grades = [rollout.grade for group in groups for rollout in group.rollouts if rollout.grade is not None]
        lost = [grade for grade in grades if grade.failed_us]
        raised = [grade for grade in grades if _tracebacks([grade])]
        n_lost = self.lost + 1 if len(lost) > SHARE * len(grades) else 0
        n_raised = self.raised + 1 if len(raised) > SHARE * len(grades) else 0
        if n_raised >= STEPS:
            raise _of_python(raised, len(grades))
        return Patience(n_lost, n_raised, _of_losses(lost, len(grades)) if n_lost >= STEPS else None)


def _of_losses(lost: Sequence[Grade], graded: int) -> str:
    note, _ = Counter(note for grade in lost for note in _why_lost(grade)).most_common(1)[0]
    return f"{_so_many(len(lost), graded)} got no grade. Most often: {note.detail.rstrip('.')}. {_advice(note.fault)}"


def _why_lost(grade: Grade) -> Iterable[FaultNote]:
    """The faults of the grader, or of the parts, that gave no score."""
    without = [part for part in grade.parts.values() if part.failed_us]
    return [note for part in without for note in _why_lost(part)] or grade.faults


def _advice(fault: Fault) -> str:
    match fault:
        case Fault.MODEL_SERVER:
            return (
                "See that the judge, or the embedding model, is up and takes this many requests (an entry in "
                "models.remote has base_url, api_key, timeout_s and concurrency), then resume the job."
            )
        case Fault.PYTHON_SERVER:
            return "`burnish doctor` tells what the sandbox lacks on this machine; then resume the job."
        case _:
            return "See that what the grader calls answers, then resume the job."


def _of_python(raised: Sequence[Grade], graded: int) -> JobFailure:
    different = [text for text, _ in Counter(_tracebacks(raised)).most_common(TRACEBACKS)]
    shown = "\n\n".join(text[-LONGEST_TRACEBACK:].strip() for text in different)
    message = f"{_so_many(len(raised), graded)} made the python grader raise. Mend its source:\n\n{shown}"
    return JobFailure(message, param=_PARAM, code=Fault.PYTHON_RUNTIME.value)


def _tracebacks(grades: Iterable[Grade]) -> list[str]:
    return [note.detail for grade in grades for note in all_faults(grade) if note.fault is Fault.PYTHON_RUNTIME]


def _so_many(count: int, graded: int) -> str:
    return f"In {STEPS} steps in a row more than {SHARE:.0%} of the answers ({count} of {graded} in the last one)"
