from pathlib import Path

from burnish.core.outcome import Outcome
from burnish.sandbox.cell import Cell
from burnish.sandbox.image import Image
from burnish.sandbox.probe import complaint
from burnish.sandbox.unconfined import Unconfined
from tests.sandbox.cells import LIMITS


def test_it_grades_and_leaves_no_directory_behind(tmp_path):
    source = "import os\ndef grade(sample, item):\n    raise ValueError(os.getcwd())"
    cell = Cell(Unconfined(), source, LIMITS, Image(tmp_path))
    outcome = cell.grade({}, {})
    cell.close()
    assert outcome == Outcome(None, outcome.error)
    scratch = (outcome.error or "").rpartition(": ")[2]
    assert "burnish-grader-" in scratch
    assert not Path(scratch).exists()


def test_it_stands_no_attack():
    said = str(complaint(Unconfined(), LIMITS))
    for leak in ("TCP", "reading files", "unix sockets", "signals", "memory"):
        assert leak in said
