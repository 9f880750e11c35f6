import pytest

from burnish.arrive import shapes
from burnish.core.errors import NotGiven
from tests.arrive import recorded


def test_a_missing_field_is_named():
    body = recorded.job("ftjob-a")
    del body["training_file"]
    with pytest.raises(NotGiven, match="The source sent no job: 'training_file': Field required"):
        shapes.read(shapes.Job, body)


@pytest.mark.parametrize("odd", ["../keys", "file a", "", "file-a/content", "file#1", 5, "x" * 200])
def test_an_id_that_could_lead_elsewhere_is_none(odd):
    with pytest.raises(NotGiven, match="no file: 'id'"):
        shapes.read(shapes.File, recorded.file(odd))


def test_what_is_unknown_is_let_be():
    assert shapes.read(shapes.File, recorded.file("file-a", colour="red")).filename == "train.jsonl"


def test_nothing_is_nothing_however_it_is_written():
    run = shapes.read(shapes.Run, recorded.run("evalrun_a", "eval_a", 1, error={}, result_counts={"total": None}))
    assert (run.error, run.result_counts.total, run.metadata) == (None, 0, None)
    assert shapes.read(shapes.Event, recorded.event(1, type=None, data=None)).type == "message"
