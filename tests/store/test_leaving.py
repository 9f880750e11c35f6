from burnish.core.evaluation import RunStatus
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.store.leaving import Leaving
from tests.rows import NOW, eval_run, evaluation, job


def test_a_step_leaves_its_runs_once(store):
    made = [evaluation(name, job_id="ftjob-a") for name in ("eval_1", "eval_2")]
    store.jobs.insert(job("ftjob-a", status=JobStatus.QUEUED, eval_id="eval_1"), NewEvent("created"), evals=made)
    assert store.jobs.require("ftjob-a").eval_id == "eval_1"
    attempt = store.jobs.claim("one", [JobStatus.QUEUED], 60, NOW).attempt
    runs = [eval_run(f"evalrun_{n}", f"eval_{n}", status=RunStatus.COMPLETED, step=1) for n in (1, 2)]
    store.evals.delete("eval_2")
    for _ in range(2):
        store.jobs.update("ftjob-a", attempt, now=NOW, leaving=Leaving(eval_runs=runs))
    assert store.eval_runs.page("eval_1").items == runs[:1]
