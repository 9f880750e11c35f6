"""A grade's faults as OpenAI's `metadata.errors`."""

from burnish.core.rollout import Fault, FaultNote, Grade, Json


def all_faults(grade: Grade) -> tuple[FaultNote, ...]:
    """The grade's own faults, then those of its parts."""
    return grade.faults + tuple(note for part in grade.parts.values() for note in all_faults(part))


def all_notes(grade: Grade) -> list[str]:
    """The grade's own notes and those of its parts, each once."""
    parts = [note for part in grade.parts.values() for note in all_notes(part)]
    return list(dict.fromkeys([*grade.notes, *parts]))


def errors(grade: Grade) -> dict[str, Json]:
    """Every flag, in OpenAI's order; a multi grader's tell of its children too, for a 0 must never look fine.

    `other_error` and the rest have no place for their details; those of python and model graders do.
    """
    notes = all_faults(grade)
    found = {note.fault for note in notes}
    flags: dict[str, Json] = {}
    for fault in Fault:
        flags[fault.value] = fault in found
        match fault:
            case Fault.PYTHON_SERVER:
                flags["python_grader_server_error_type"] = _details(notes, fault)
            case Fault.PYTHON_RUNTIME:
                flags["python_grader_runtime_error_details"] = _details(notes, fault)
            case _:
                pass
    flags["model_grader_server_error_details"] = _details(notes, Fault.MODEL_SERVER)
    return flags


def _details(notes: tuple[FaultNote, ...], fault: Fault) -> str | None:
    """As text that can be sent: a user's exception may hold half a surrogate pair."""
    told = "\n".join(note.detail for note in notes if note.fault is fault)
    return told.encode(errors="replace").decode() or None
