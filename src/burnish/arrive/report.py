"""What an import brought, and what could not come and why."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

Json = Any
KINDS = ("files", "jobs", "events", "checkpoints", "evals", "runs", "items")
"""Of what is counted, in the order in which it comes."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of one object or list of the source."""

    kind: str
    id: str
    reason: str


@dataclass(slots=True)
class Report:
    """Filled while the import goes on."""

    came: Counter[str] = field(default_factory=Counter)
    were_here: Counter[str] = field(default_factory=Counter)
    """From an earlier import."""
    missing: list[Remark] = field(default_factory=list)
    """What did not come."""
    notes: list[Remark] = field(default_factory=list)
    """What came, and is not all that it was: a grader of a kind that does not run here, say."""

    def miss(self, kind: str, object_id: str, reason: str) -> None:
        """Say that something did not come."""
        self.missing.append(Remark(kind, object_id, reason))

    def note(self, kind: str, object_id: str, reason: str) -> None:
        """Say something of what came."""
        self.notes.append(Remark(kind, object_id, reason))

    def json(self, source: str) -> dict[str, Json]:
        """All of it."""
        return {
            "source": source,
            "came": {kind: self.came[kind] for kind in KINDS},
            "were_here": {kind: self.were_here[kind] for kind in KINDS},
            "missing": [asdict(each) for each in self.missing],
            "notes": [asdict(each) for each in self.notes],
        }


def grouped(remarks: list[Remark]) -> dict[tuple[str, str], list[str]]:
    """The ids of the objects of which the same is said, by kind and reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in remarks:
        found.setdefault((each.kind, each.reason.replace(each.id, "…")), []).append(each.id)
    return found
