import pytest

from burnish.core.rollout import Grade, Item
from burnish.export.parity import served_answers
from burnish.export.rewards import Questions, Rewards, compare_rewards
from burnish.policy.load import Base
from burnish.spec.grader import StringCheckSpec
from tests.policy.asking import prompt
from tests.rows import GRADER
from tests.tiny import write_tiny_model

SPEC = StringCheckSpec.model_validate(GRADER)
ITEMS = [Item(line, (), (), {"answer": str(line)}) for line in (1, 2, 3)]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Base:
    return Base.load(write_tiny_model(tmp_path_factory.mktemp("tiny")))


def compared(base: Base, *scores: float | None, items: list[Item] = ITEMS) -> Rewards | None:
    """The comparison where the grader gives these scores: to the served answers, then to the exported ones."""
    questions = Questions([prompt(base, str(item.line), "none") for item in items], None, items, SPEC)
    answers = served_answers(base, None, questions.prompts, None)

    def grading(spec, _base, cases):
        assert spec is SPEC
        assert [item.line for item, _ in cases] == [item.line for item in (*items, *items)]
        assert all(sample.text or sample.reasoning for _, sample in cases)
        return [Grade("exact", "string_check", score) for score in scores]

    return compare_rewards(grading, base, questions, answers, answers)


def test_rewards_are_compared_row_by_row(base: Base):
    assert compared(base, 1.0, 0.0, 0.5, 0.75, 0.0, 1.0) == Rewards(3, 0.5, 1.75 / 3, 0.5)


def test_a_row_without_a_reward_on_either_side_is_left_out(base: Base):
    assert compared(base, 1.0, None, 0.5, 0.5, 1.0, None) == Rewards(1, 1.0, 0.5, 0.5)
    assert compared(base, None, None, None, 0.5, 1.0, None) is None


def test_without_rows_or_a_grader_there_is_nothing_to_compare(base: Base):
    assert compared(base, items=[]) is None
    questions = Questions([prompt(base, "one", "none")], None)
    answers = served_answers(base, None, questions.prompts, None)
    assert compare_rewards(lambda *_: [], base, questions, answers, answers) is None
