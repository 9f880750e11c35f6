import pytest

from burnish.arrive import records, shapes
from burnish.core.errors import NotGiven
from burnish.core.evaluation import Count, ModelUse, RunStatus, Tally
from burnish.core.job import JobStatus
from burnish.core.records import JobError
from burnish.core.rollout import TokenUsage
from burnish.evals.criterion import spec_of
from burnish.server import wire
from tests.arrive import recorded


def job(**changes):
    return records.job(shapes.read(shapes.Job, recorded.job("ftjob-early", **changes)), "default")


def evaluation(**changes):
    return records.evaluation(shapes.read(shapes.Eval, recorded.evaluation("eval_a", **changes)), "default")


def run(**changes):
    return records.run(shapes.read(shapes.Run, recorded.run("evalrun_a", "eval_a", 3, **changes)), "eval_a")


def item(**changes):
    return records.item(shapes.read(shapes.Item, recorded.item("evalrun_a", "eval_a", 7, **changes)), "evalrun_a", 4)


@pytest.mark.parametrize("status", ["validating_files", "queued", "running", "paused", "unheard-of"])
def test_a_job_that_has_not_ended_does_not_come(status):
    with pytest.raises(NotGiven, match=f"It is '{status}' there"):
        job(status=status)


@pytest.mark.parametrize(
    "method", [None, {"type": "supervised", "supervised": {}}, {"type": "reinforcement", "reinforcement": {}}]
)
def test_a_job_without_a_grader_does_not_come(method):
    with pytest.raises(NotGiven, match="there is none but 'reinforcement'"):
        job(method=method)


def test_a_job_is_shown_as_it_was_there():
    sent = recorded.job("ftjob-early")
    shown = wire.job(job(), "org-123")
    assert {key: shown[key] for key in sent} == {**sent, "error": {"code": None, "message": None, "param": None}}


def test_a_job_that_failed_says_why():
    failed = job(
        status="failed", error={"code": "invalid_training_file", "message": "Line 3.", "param": "training_file"}
    )
    assert (failed.status, failed.error) == (
        JobStatus.FAILED,
        JobError("invalid_training_file", "Line 3.", "training_file"),
    )


def test_integrations_of_other_kinds_are_left_out():
    wandb = {"type": "wandb", "wandb": {"project": "p", "entity": None, "run_id": "x"}}
    assert job(integrations=[wandb, {"type": "mlflow"}]).request["integrations"] == [wandb]


def test_an_event_keeps_its_number_and_its_data():
    made = records.event(shapes.read(shapes.Event, recorded.event(3, level="warning")), "ftjob-early", 5)
    assert (made.id, made.number, made.level, made.type, made.data["step"]) == ("ftevent-3", 5, "warn", "metrics", 3)


def test_a_checkpoint_keeps_its_step():
    made = records.checkpoint(shapes.read(shapes.Checkpoint, recorded.checkpoint("ftjob-early", 3)), "ftjob-early")
    assert (made.step, made.model) == (3, "ft:o4-mini-2025-04-16:acme::arly:ckpt-step-3")


def test_the_config_that_was_sent_is_found_in_the_one_that_is_shown():
    assert evaluation().data_source_config == {
        "type": "custom",
        "item_schema": {
            "type": "object",
            "properties": {"question": {"type": "string"}, "label": {"type": "string"}},
            "required": ["label"],
        },
        "include_sample_schema": True,
    }
    logs = {"type": "logs", "schema": {}, "metadata": {"case": "a"}}
    assert evaluation(data_source_config=logs).data_source_config == {"type": "logs", "metadata": {"case": "a"}}
    bare = evaluation(data_source_config={"type": "custom", "schema": None}).data_source_config
    assert (bare["item_schema"], bare["include_sample_schema"]) == ({"type": "object"}, False)


def test_a_data_source_of_another_kind_does_not_come():
    with pytest.raises(NotGiven, match="of the kind 'spreadsheet'"):
        evaluation(data_source_config={"type": "spreadsheet"})


def test_criteria_that_run_here_are_run_as_they_came():
    made = evaluation()
    assert list(records.unfit(made.testing_criteria)) == []
    label, kindness = map(spec_of, made.testing_criteria)
    assert (label.type, kindness.bounds, kindness.pass_threshold) == ("string_check", (0.0, 5.0), 3.0)


def test_a_criterion_without_an_id_gets_one_that_lasts():
    first, again = (evaluation(testing_criteria=[recorded.GRADER]).testing_criteria[0]["id"] for _ in range(2))
    assert first == again
    assert first.startswith("label-")


def test_graders_that_do_not_run_here_are_told():
    magic, endpoint = {"type": "magic", "name": "m"}, {"type": "endpoint", "url": "https://a/b", "headers": {"a": "**"}}
    said = list(records.unfit([recorded.GRADER, magic, endpoint]))
    assert [text.partition("'")[0] for text in said] == ["The grader ", "The headers of the grader "]
    assert "magic" in said[0]


def test_a_run_is_counted_as_it_was_there():
    made = run()
    assert (made.status, made.tally) == (RunStatus.COMPLETED, Tally(3, passed=3))
    assert list(made.criteria.values()) == [Count(3, 0)]
    assert made.usage == {"gpt-4o-mini": ModelUse(3, TokenUsage(40, 10, 0))}
    assert made.file_id == "file-train"


def test_a_run_that_has_not_ended_does_not_come():
    with pytest.raises(NotGiven, match="It is 'in_progress' there"):
        run(status="in_progress")


def test_an_item_keeps_its_row():
    made = item()
    assert (made.place, made.row, made.status, made.results[0]["score"]) == (4, 7, "pass", 1.0)
    assert item(datasource_item_id=None).row == 4


def test_a_result_without_a_score_is_a_zero():
    made = item(status="error", results=[{"name": "label-1", "score": None, "passed": None}])
    assert made.status == "error"
    assert made.results == [{"name": "label-1", "type": None, "score": 0.0, "passed": False, "sample": None}]
    assert item(results=None).results == []
