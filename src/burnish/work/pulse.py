"""The pulse of a run: what it is at, and whether it gets on, in a small file that its worker reads."""

import json
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "pulse.json"
"""In the run's directory."""
OFTEN_S = 0.25
"""How often it is written, if something has changed."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What the file says."""

    stage: str = "starting"
    step: int | None = None
    """The step that is under way."""
    beats: int = 0
    """Moves with everything that gets done."""
    graders: dict[str, int] = field(default_factory=dict)
    """How many answers wait for each grader."""
    patience_s: float = 0.0
    """How long the slowest of the job's graders may take by its own time-outs, where answers wait for graders."""

    def __str__(self) -> str:
        """For people: `grading in step 3, waiting for rubric (5 answers)`."""
        stage = self.stage if self.step is None else f"{self.stage} in step {self.step}"
        waits = [f"{name} ({count} answer{'s' * (count > 1)})" for name, count in sorted(self.graders.items())]
        return f"{stage}, waiting for {' and '.join(waits)}" if waits else stage


class Pulse:
    """Says what a run is at. Stages are entered in one thread; any may beat."""

    def __init__(self) -> None:
        self.grader_s = 0.0
        """How long the slowest of the job's graders may take by its own time-outs."""
        self._stage = "starting"
        self._step: int | None = None
        self._beats = 0
        self._graders: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Be at something while inside, then again at what was before."""
        before, self._stage = self._stage, stage
        self.beat()
        try:
            yield
        finally:
            self._stage = before
            self.beat()

    def begin(self, step: int) -> None:
        """What follows belongs to this step."""
        self._step = step
        self.beat()

    def beat(self) -> None:
        """Something got done."""
        self._beats += 1

    @contextmanager
    def asking(self, grader: str) -> Iterator[None]:
        """An answer waits for a grader while inside."""
        with self._lock:
            self._graders[grader] += 1
        try:
            yield
        finally:
            with self._lock:
                self._graders[grader] -= 1
            self.beat()

    @property
    def sign(self) -> Sign:
        """What there is to say at this moment."""
        with self._lock:
            waiting = {name: count for name, count in self._graders.items() if count}
        return Sign(self._stage, self._step, self._beats, waiting, self.grader_s if waiting else 0.0)

    @contextmanager
    def shown(self, path: Path) -> Iterator[None]:
        """Keep a file up to date while inside, from a thread of its own."""
        is_over = threading.Event()
        writer = threading.Thread(target=self._write_often, args=(path, is_over), name="pulse", daemon=True)
        writer.start()
        try:
            yield
        finally:
            is_over.set()
            writer.join()

    def _write_often(self, path: Path, is_over: threading.Event) -> None:
        last: Sign | None = None
        while not is_over.wait(OFTEN_S):
            if (sign := self.sign) != last:
                _write(sign, path)
                last = sign


def read(path: Path) -> Sign:
    """What a run last said; that it is starting, where it has said nothing yet."""
    try:
        return Sign(**json.loads(path.read_text()))
    except FileNotFoundError:
        return Sign()


def _write(sign: Sign, path: Path) -> None:
    aside = path.with_suffix(".aside")
    try:
        aside.write_text(json.dumps(asdict(sign)))
        aside.replace(path)
    except OSError as error:  # a full disk, say: the step will tell when it cannot be stored
        log.warning("the pulse cannot be written", extra={"error": str(error)})
