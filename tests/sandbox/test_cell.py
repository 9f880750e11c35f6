import pytest

from burnish.core.errors import GraderUnavailable
from burnish.core.outcome import Outcome
from burnish.sandbox.bubblewrap import Bubblewrap
from burnish.sandbox.cell import Cell, Died
from burnish.sandbox.image import Image
from tests.sandbox.cells import LIMITS, any_backend

EXACT = "def grade(sample, item): return sample['output_text'] == item['answer']"


@pytest.fixture
def made(tmp_path):
    cells: list[Cell] = []

    def make(source, backend=None):
        cells.append(Cell(backend or any_backend(), source, LIMITS, Image(tmp_path)))
        return cells[-1]

    yield make
    for cell in cells:
        cell.close()


def test_a_warm_cell_grades_again_and_again(made):
    cell = made(EXACT)
    answers = [cell.grade({"output_text": text}, {"answer": "b"}) for text in "aba"]
    assert answers == [Outcome(0.0), Outcome(1.0), Outcome(0.0)]
    assert cell.is_alive


def test_a_source_that_does_not_load_says_so_for_every_answer(made):
    cell = made("raise ValueError('at the top')")
    first, second = cell.grade({}, {}), cell.grade({}, {})
    assert first == second
    assert (first.error or "").endswith("ValueError: at the top")


def test_a_package_of_the_image_names_the_command_that_installs_it(made):
    error = made("import sklearn.metrics").grade({}, {}).error or ""
    assert error.endswith(
        "'scikit-learn' belongs to the image 2025-05-08; `burnish graders install 2025-05-08` installs it."
    )
    assert "burnish graders" not in (made("import nowhere").grade({}, {}).error or "")


def test_a_cell_that_is_stopped_dies_under_its_grade(made):
    cell = made("import os\nos._exit(1)")
    with pytest.raises(Died):
        cell.grade({}, {})
    assert not cell.is_alive


def test_a_sandbox_that_does_not_start_is_ours(made):
    with pytest.raises(GraderUnavailable, match="cannot be started"):
        made(EXACT, Bubblewrap("/nowhere/bwrap"))
