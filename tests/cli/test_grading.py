import pytest

from burnish.cli.grading import grading_of
from burnish.core.errors import InvalidRequest
from burnish.core.rollout import Item
from burnish.grade.answer import sample_of
from burnish.policy.load import Base
from burnish.settings import Grading, Settings
from burnish.spec.grader import PythonSpec, StringCheckSpec
from tests.rows import GRADER
from tests.tiny import write_tiny_model


def test_answers_are_graded_in_order_and_a_grader_that_cannot_run_is_refused(tmp_path):
    base = Base.load(write_tiny_model(tmp_path / "tiny"))
    grading = grading_of(Settings(data_dir=tmp_path, grading=Grading(sandbox="off")))
    cases = [(Item(n, (), (), {"answer": "2"}), sample_of(str(n))) for n in (1, 2, 3)]
    grades = grading(StringCheckSpec.model_validate(GRADER), base, cases)
    assert [grade.score for grade in grades] == [0.0, 1.0, 0.0]
    python = PythonSpec(type="python", source="def grade(sample, item):\n    return 1.0\n")
    with pytest.raises(InvalidRequest, match="sandbox"):
        grading(python, base, cases)
