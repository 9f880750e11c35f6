import base64
from pathlib import Path

import pytest
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.errors import InvalidRequest
from burnish.core.job import JobStatus
from burnish.core.records import NewEvent
from burnish.core.webhook import Attempt
from burnish.settings import Settings, Webhook
from burnish.store.outbox import Subscription
from burnish.store.store import open_store
from tests.receiver import SECRET, receiver
from tests.rows import NOW, job


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_DATA_DIR", str(tmp_path))


def test_a_secret_is_made_that_the_settings_take():
    made = [CliRunner().invoke(app, ["webhooks", "secret"]).stdout.strip() for _ in range(2)]
    assert made[0] != made[1]
    assert len(base64.b64decode(made[0].removeprefix("whsec_"))) == 32
    assert Webhook(url="https://example.com", secret=made[0]).secret.get_secret_value() == made[0]  # type: ignore[arg-type]


def test_a_test_event_goes_out_signed(monkeypatch: pytest.MonkeyPatch):
    with receiver() as heard:
        monkeypatch.setenv("BURNISH_WEBHOOKS__ALERTS__URL", heard.url)
        monkeypatch.setenv("BURNISH_WEBHOOKS__ALERTS__SECRET", SECRET)
        done = CliRunner().invoke(app, ["webhooks", "test", "alerts"])
        assert done.exit_code == 0
        assert "fine_tuning.job.succeeded evt_" in done.stdout
        assert "HTTP 204" in done.stdout
        assert b'"ftjob-test"' in heard.next().body
        heard.answer = lambda _: (403, {})
        refused = CliRunner().invoke(app, ["webhooks", "test", "alerts"])
        assert refused.exit_code == 1
        assert "HTTP 403" in refused.stdout
    assert SECRET not in done.stdout + refused.stdout


def test_an_endpoint_that_is_not_there_is_named_with_those_that_are():
    done = CliRunner().invoke(app, ["webhooks", "test", "alerts"])
    assert isinstance(done.exception, InvalidRequest)
    assert done.exception.message == "The settings name no webhook 'alerts'; known: none."


def test_deliveries_are_listed_with_how_they_went():
    assert "Endpoints in the settings: none" in CliRunner().invoke(app, ["webhooks", "list"]).stdout
    store = open_store(Settings())
    store.jobs.insert(job("ftjob-a", status=JobStatus.RUNNING), NewEvent("created"))
    store.jobs.cancel("ftjob-a", now=NOW)
    store.outbox.spread({"alerts": Subscription(["fine_tuning.job.cancelled"], None)}, now=NOW)
    [delivery] = store.outbox.claim("alerts", limit=1, lease_s=1, now=NOW)
    store.outbox.record(delivery, Attempt(NOW, 0.1, 500, "HTTP 500"), "pending", due=NOW + 5)
    store.close()
    listed = CliRunner().invoke(app, ["webhooks", "list"]).stdout
    for word in (delivery.event.id, "fine_tuning.job.cancelled", "ftjob-a", "alerts", "pending", "HTTP 500"):
        assert word in listed
