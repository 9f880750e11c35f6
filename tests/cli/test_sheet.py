from burnish.cli.sheet import sheet
from burnish.core.budget import Budget
from burnish.work.ledger import Ledger
from tests.work.test_ledger import FULL

JOB = {
    "id": "ftjob-1",
    "status": "running",
    "model": "tiny",
    "fine_tuned_model": None,
    "created_at": 1_700_000_000,
    "finished_at": None,
    "estimated_finish": 1_700_000_900,
    "usage_metrics": None,
}


def lines(**changes: object) -> dict[str, str]:
    return {line[:19].strip(): line[19:] for line in sheet(JOB | changes)}


def test_a_job_before_its_first_step_has_no_ledger():
    told = lines()
    assert (told["status"], told["tuned model"]) == ("running", "-")
    assert told["ledger"].startswith("nothing yet")
    assert "estimated finish" in told
    assert "finished" not in told


def test_a_ledger_is_told_whole():
    told = lines(usage_metrics=FULL.record())
    assert told["time"] == "16 s: sampling 10 s, training 5 s, other 1 s"
    assert told["training tokens"] == "10 prompt, 20 sampled, 18 trained"
    assert told["validation tokens"] == "3 prompt, 4 sampled"
    assert told["judge gpt"] == "100 prompt (60 cached) and 20 completion tokens, 0.2500 USD"
    assert told["python graders"] == "0 s"
    assert told["cost"] == "1.75 USD, of which the machine 1.50 USD"
    assert told["estimate"] == "30 tokens, 20 s, 2.00 USD"
    assert told["budget"] == "5.00 USD; pauses at 6.00 USD in all"


def test_what_is_not_there_has_no_line():
    told = lines(usage_metrics=Ledger(budget=Budget(tokens=5000)).record())
    assert told["budget"] == "5,000 tokens; pauses at 5,000 tokens in all"
    assert told.keys().isdisjoint({"cost", "estimate", "python graders", "ledger"})
