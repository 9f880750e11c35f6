import json

from tests.rows import NOW, eval_item, eval_run, evaluation
from tests.store.migrations.filled import filled
from tests.store.migrations.versions.test_r0007 import ROWS as OLD

EVAL, RUN, ITEM = evaluation("eval_a"), eval_run("evalrun_a", "eval_a"), eval_item("evalrun_a", 0)
ROWS = {name: dict(row) for name, row in OLD.items()} | {
    "evals": {
        "id": "eval_a",
        "created_at": NOW,
        "updated_at": NOW,
        "touched": 1,
        "name": "sums",
        "project": "default",
        "data_source_config": json.dumps(EVAL.data_source_config),
        "testing_criteria": json.dumps(EVAL.testing_criteria),
    },
    "eval_runs": {
        "id": "evalrun_a",
        "eval_id": "eval_a",
        "created_at": NOW,
        "name": "run",
        "status": "queued",
        "data_source": json.dumps(RUN.data_source),
        "total": 0,
        "passed": 0,
        "failed": 0,
        "errored": 0,
        "criteria": "{}",
        "usage": "{}",
        "attempt": 0,
    },
    "eval_items": {
        "id": "outputitem_evalrun_a_0",
        "run_id": "evalrun_a",
        "place": 0,
        "created_at": NOW,
        "row": 0,
        "status": "pass",
        "item": json.dumps(ITEM.item),
        "results": json.dumps(ITEM.results),
        "sample": json.dumps(ITEM.sample),
    },
}
"""A row of every table, as this revision held them."""


def test_what_this_revision_held_is_there_today(database_url: str):
    store = filled(database_url, "0008", ROWS)
    assert store.evals.require("eval_a") == EVAL
    assert store.eval_runs.require("evalrun_a") == RUN
    assert store.eval_items.require("evalrun_a", "outputitem_evalrun_a_0") == ITEM
    store.close()


def test_jobs_that_were_there_have_no_evals(database_url: str):
    store = filled(database_url, "0007", OLD)
    assert store.jobs.require("ftjob-a").eval_id is None
    store.close()
