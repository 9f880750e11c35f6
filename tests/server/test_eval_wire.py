from burnish.core.evaluation import Count, ModelUse, RunStatus, Tally
from burnish.core.records import JobError
from burnish.core.rollout import TokenUsage
from burnish.server import eval_wire
from tests.rows import NOW, SCHEMA, eval_item, eval_run, evaluation


def test_the_schema_shown_is_of_what_criteria_see():
    shown = eval_wire.evaluation(evaluation("eval_1"))["data_source_config"]
    assert (shown["type"], shown["schema"]["required"]) == ("custom", ["item", "sample"])
    assert shown["schema"]["properties"]["item"] == SCHEMA
    alone = {"type": "custom", "item_schema": SCHEMA, "include_sample_schema": False}
    shown = eval_wire.evaluation(evaluation("eval_1", data_source_config=alone))["data_source_config"]
    assert list(shown["schema"]["properties"]) == ["item"]


def test_stored_answers_are_looked_for_by_their_metadata():
    config = {"type": "logs", "metadata": {"case": "a"}}
    shown = eval_wire.evaluation(evaluation("eval_1", data_source_config=config))["data_source_config"]
    assert (shown["metadata"], "sample" in shown["schema"]["properties"]) == ({"case": "a"}, True)


def test_an_eval_of_a_job_names_it():
    assert "fine_tuning_job_id" not in eval_wire.evaluation(evaluation("eval_1"))
    shown = eval_wire.evaluation(evaluation("eval_1", job_id="ftjob-1", phase="train"))
    assert (shown["fine_tuning_job_id"], shown["phase"], shown["metadata"]) == ("ftjob-1", "train", {})


def test_secrets_of_a_criterion_stay_inside():
    secret = {"type": "endpoint", "name": "e", "url": "http://x", "headers": {"authorization": "secret"}, "id": "e-1"}
    [shown] = eval_wire.evaluation(evaluation("eval_1", testing_criteria=(secret,)))["testing_criteria"]
    assert shown["headers"] == {"authorization": "**********"}


def test_a_run_shows_what_it_came_to():
    run = eval_run(
        "evalrun_1",
        "eval_1",
        status=RunStatus.FAILED,
        tally=Tally(9, passed=4, failed=3, errored=2),
        criteria={"exact-1": Count(4, 3)},
        usage={"judge": ModelUse(7, TokenUsage(70, 30, 20))},
        error=JobError("invalid_eval_item", "Row 7", "data_source.source"),
        finished_at=NOW,
    )
    shown = eval_wire.run(run)
    assert shown["result_counts"] == {"total": 9, "errored": 2, "failed": 3, "passed": 4}
    assert shown["per_testing_criteria_results"] == [{"testing_criteria": "exact-1", "passed": 4, "failed": 3}]
    [used] = shown["per_model_usage"]
    assert (used["invocation_count"], used["total_tokens"], used["cached_tokens"]) == (7, 100, 20)
    assert shown["error"] == {"code": "invalid_eval_item", "message": "Row 7"}
    assert (shown["report_url"], shown["started_at"]) == ("/evals/eval_1/runs/evalrun_1", None)


def test_an_item_shows_its_row():
    shown = eval_wire.item(eval_item("evalrun_1", 3), "eval_1")
    assert (shown["object"], shown["eval_id"]) == ("eval.run.output_item", "eval_1")
    assert (shown["datasource_item_id"], shown["datasource_item"], shown["status"]) == (3, {"answer": "4"}, "pass")
