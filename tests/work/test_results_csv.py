from burnish.core.records import Event
from burnish.work.results_csv import results_csv


def event(number: int, data: dict | None, kind: str = "metrics") -> Event:
    return Event(f"ftevent-{number}", "ftjob-1", number, 1000, "info", "Step", kind, data)


def data(step: int, **more: float) -> dict:
    errors = {
        "graders": [{"name": "check", "type": "string_check", "train_other_error_count": 1.0, "train_x_mean": 0.1}]
    }
    flat = {"completion_tokens_mean": 12.5, "reasoning_tokens_mean": 3.0, "mean_unresponsive_rewards": 0.0}
    return {"step": step, "train_mean_reward": 0.25, "errors": errors, **flat, **more}


def test_one_row_a_step_with_empty_cells_where_nothing_was_validated():
    table = results_csv([event(1, None, "message"), event(2, data(1)), event(3, data(2, full_valid_mean_reward=0.5))])
    assert table.decode() == (
        "step,train_mean_reward,full_valid_mean_reward,completion_tokens_mean,reasoning_tokens_mean,"
        "mean_unresponsive_rewards,errors/graders/check/train_other_error_count\n"
        "1,0.25,,12.5,3.0,0.0,1.0\n"
        "2,0.25,0.5,12.5,3.0,0.0,1.0\n"
    )


def test_a_job_without_steps_has_a_header_alone():
    assert results_csv([]).decode().startswith("step,train_mean_reward,")
    assert results_csv([]).decode().count("\n") == 1
