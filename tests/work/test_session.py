from pathlib import Path

import pytest

from burnish.core.errors import JobFailure
from burnish.settings import Models, Settings
from burnish.spec.job import JobRequest
from burnish.work.check import Data
from burnish.work.session import open_session
from tests.fakes import ListJournal
from tests.tiny import write_tiny_model
from tests.work.made import item
from tests.work.test_reinforce import FORMAT, GRADER

JUDGE = {
    "type": "score_model",
    "name": "j",
    "model": "judge",
    "range": [0, 5],
    "input": [{"role": "user", "content": "?"}],
}


def request(model: str, grader: dict) -> JobRequest:
    method = {"grader": grader, "response_format": FORMAT}
    return JobRequest.model_validate(
        {"model": model, "training_file": "f", "method": {"type": "reinforcement", "reinforcement": method}}
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    directory = tmp_path_factory.mktemp("tiny")
    tiny = str(write_tiny_model(directory / "model"))
    return Settings(
        data_dir=directory, models=Models(local={"tiny": tiny}, aliases={"o4-mini": "tiny", "judge": "tiny"})
    )


DATA = Data((item(1, wanted="yes"), item(2, wanted="no")), (item(1, wanted="yes"),))


def test_an_alias_opens_its_target(settings: Settings, tmp_path: Path):
    with open_session("ftjob-1", request("o4-mini", GRADER), 3, DATA, settings, ListJournal(tmp_path)) as session:
        assert (session.plan.seed, session.plan.train_rows, session.plan.valid_rows) == (3, 2, 1)
        assert (session.plan.reward_min, session.plan.reward_max) == (0.0, 1.0)
        assert not session.plan.grade_after_sampling


def test_a_local_judge_grades_after_sampling_over_its_own_range(settings: Settings, tmp_path: Path):
    with open_session("ftjob-1", request("tiny", JUDGE), 3, DATA, settings, ListJournal(tmp_path)) as session:
        assert session.plan.grade_after_sampling
        assert session.plan.reward_max == 5.0


def test_an_unknown_base_ends_the_job(settings: Settings, tmp_path: Path):
    journal = ListJournal(tmp_path)
    with (
        pytest.raises(JobFailure, match="nobody"),
        open_session("j", request("nobody", GRADER), 0, DATA, settings, journal),
    ):
        raise AssertionError
