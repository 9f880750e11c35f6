from dataclasses import asdict, replace

import sqlalchemy as sa

from burnish.core.rollout import Fault, FaultNote, Grade, SampleKey, TokenUsage
from burnish.store.grades import Written
from burnish.store.store import Store
from burnish.store.tables import grades

KEY = SampleKey(job="ftjob-a", phase="train", step=3, line=5, sample=1)
CHILD = Grade("exact", "string_check", 1.0)
GRADE = Grade(
    name="both",
    type="multi",
    score=0.5,
    faults=(FaultNote(Fault.MODEL_PARSE, "no number"),),
    parts={"exact": CHILD},
    usage={"judge": TokenUsage(10, 2)},
    seconds=0.25,
)


def test_a_grade_is_read_back_whole(store: Store):
    store.grades.put(KEY, "d1", GRADE, 3)
    assert store.grades.get(KEY, "d1") == Written(GRADE, 3)


def test_a_grade_belongs_to_one_sample_and_one_answer(store: Store):
    store.grades.put(KEY, "d1", GRADE, 3)
    assert store.grades.get(KEY, "d2") is None
    other = SampleKey(job="ftjob-a", phase="train", step=3, line=5, sample=2)
    assert store.grades.get(other, "d1") is None


def test_the_first_grade_of_a_sample_stays(store: Store):
    store.grades.put(KEY, "d1", GRADE, 3)
    store.grades.put(KEY, "d1", CHILD, 3)
    assert store.grades.get(KEY, "d1") == Written(GRADE, 3)


def test_a_job_that_has_ended_may_forget_its_grades(store: Store):
    other = SampleKey(job="ftjob-b", phase="train", step=3, line=5, sample=1)
    store.grades.put(KEY, "d1", GRADE, 3)
    store.grades.put(other, "d1", GRADE, 3)
    store.grades.forget("ftjob-a")
    assert store.grades.get(KEY, "d1") is None
    assert store.grades.get(other, "d1") == Written(GRADE, 3)


def test_a_grade_written_by_an_older_burnish_is_read_as_one_of_its_own_step(store: Store):
    written = {name: value for name, value in asdict(GRADE).items() if name != "sandbox_seconds"}
    row = sa.insert(grades).values(**asdict(KEY), digest="d1", grade=written)
    with store.database.write() as connection:
        connection.execute(row)
    assert store.grades.get(KEY, "d1") == Written(GRADE, 3)


def test_a_sandboxs_time_is_read_back(store: Store):
    store.grades.put(KEY, "d1", replace(GRADE, sandbox_seconds=0.5), 3)
    found = store.grades.get(KEY, "d1")
    assert found is not None
    assert found.grade.sandbox_seconds == 0.5
