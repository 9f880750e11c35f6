import sys
from pathlib import Path
from typing import Any

import pytest

from burnish.settings import Settings
from tests.door import Door, error_of, opened
from tests.follow.followed import WANDB

KEY = "0" * 40


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody is logged in at Weights & Biases."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def post(door: Door, integrations: Any) -> tuple[int, str | None, str | None]:
    answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(integrations=integrations))
    return (200, None, None) if answer.status_code == 200 else error_of(answer)


def kinds(door: Door) -> list[str]:
    """Who follows jobs."""
    found = []
    for kind in ("wandb", "tensorboard"):
        found += door.state.store.followers.claim(kind, "one", limit=9, lease_s=60, now=1e10)
    return [each.kind for each in found]


def test_a_job_that_asks_for_nothing_is_followed_by_nobody(door: Door):
    assert post(door, None) == post(door, []) == (200, None, None)
    assert kinds(door) == []


def test_without_a_key_the_integration_is_refused_with_what_to_set(door: Door):
    answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(integrations=[WANDB]))
    assert error_of(answer) == (400, "integrations", "integration_not_available")
    assert "WANDB_API_KEY" in answer.json()["error"]["message"]
    assert door.state.store.jobs.page().items == []


def test_without_the_package_it_is_refused_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with opened(tmp_path, wandb={"api_key": KEY}) as door:
        answer = door.http.post("/v1/fine_tuning/jobs", json=door.body(integrations=[WANDB]))
        assert error_of(answer) == (400, "integrations", "integration_not_available")
        assert "pip install 'burnish[wandb]'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("wandb", [{"api_key": KEY}, {"mode": "offline"}])
def test_with_a_key_or_offline_the_job_is_followed(tmp_path: Path, wandb: dict[str, str]):
    with opened(tmp_path, wandb=wandb) as door:
        assert post(door, [WANDB]) == (200, None, None)
        assert kinds(door) == ["wandb"]


@pytest.mark.parametrize(("name", "value"), [("WANDB_API_KEY", KEY), ("WANDB_MODE", "offline")])
def test_the_librarys_own_variables_do_as_well(door: Door, monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    assert post(door, [WANDB]) == (200, None, None)


def test_a_login_counts_for_the_server_that_it_is_for(tmp_path: Path):
    (tmp_path / "netrc").write_text(f"machine api.wandb.ai login user password {KEY}\n")
    assert Settings().wandb.has_key
    assert not Settings(wandb={"base_url": "https://wandb.internal"}).wandb.has_key


def test_every_job_is_logged_for_tensorboard_where_the_settings_say_so(tmp_path: Path):
    with opened(tmp_path, tensorboard={"directory": tmp_path / "logs"}) as door:
        assert post(door, None) == (200, None, None)
        assert kinds(door) == ["tensorboard"]


def test_the_echo_has_openais_fields_and_the_runs_id(tmp_path: Path):
    with opened(tmp_path, wandb={"mode": "offline"}) as door:
        sent = {"type": "wandb", "wandb": {"project": "security", "entity": "team"}}
        job = door.client.fine_tuning.jobs.create(**door.body(integrations=[sent]))
        (echoed,) = door.client.fine_tuning.jobs.retrieve(job.id).integrations or []
        wanted = {"project": "security", "name": None, "entity": "team", "tags": None, "run_id": job.id}
        assert echoed.to_dict() == {"type": "wandb", "wandb": wanted}


@pytest.mark.parametrize(
    ("wandb", "param", "code"),
    [
        ({}, "integrations[0].wandb.project", "missing_required_parameter"),
        ({"project": "a/b"}, "integrations[0].wandb.project", "invalid_value"),
        ({"project": ""}, "integrations[0].wandb.project", "string_below_min_length"),
        ({"project": "p", "tags": ["x" * 65]}, "integrations[0].wandb.tags[0]", "string_above_max_length"),
        ({"project": "p", "team": "x"}, "integrations[0].wandb.team", "unknown_parameter"),
    ],
)
def test_what_weights_and_biases_would_not_take_is_refused_at_once(door: Door, wandb: Any, param: str, code: str):
    assert post(door, [{"type": "wandb", "wandb": wandb}]) == (400, param, code)


def test_a_job_has_one_run(door: Door):
    assert post(door, [WANDB, WANDB]) == (400, "integrations", "array_above_max_length")
