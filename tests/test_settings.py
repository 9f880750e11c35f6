import json
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from burnish.settings import Settings, child_environment, starter_directory


@pytest.fixture(autouse=True)
def empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_anything_a_server_is_local_and_closed():
    settings = Settings()
    assert (settings.host, settings.organization, settings.data_dir) == ("127.0.0.1", "local", Path("burnish-data"))
    assert settings.models.local == settings.models.remote == settings.models.aliases == {}
    assert settings.training.parameters == "lora"


def test_the_file_the_environment_and_arguments_win_in_this_order(empty_directory, monkeypatch):
    (empty_directory / "burnish.toml").write_text('port = 1\nhost = "a"\norganization = "file"\n')
    monkeypatch.setenv("BURNISH_PORT", "2")
    monkeypatch.setenv("BURNISH_HOST", "b")
    settings = Settings(port=3)
    assert (settings.port, settings.host, settings.organization) == (3, "b", "file")


def test_a_section_may_come_from_the_environment_field_by_field(empty_directory, monkeypatch):
    (empty_directory / "burnish.toml").write_text("[training]\nlora_rank = 8\nkl = 0.02\n")
    monkeypatch.setenv("BURNISH_TRAINING__LORA_RANK", "4")
    training = Settings().training
    assert (training.lora_rank, training.kl) == (4, 0.02)


def test_models_and_aliases_come_from_the_file(empty_directory):
    (empty_directory / "burnish.toml").write_text(
        '[models.local]\nqwen = "/models/qwen"\n'
        '[models.remote.judge]\nbase_url = "http://localhost:8000/v1"\n'
        '[models.aliases]\n"o4-mini-2025-04-16" = "burnish-starter"\n'
    )
    settings = Settings()
    assert settings.models.local == {"qwen": "/models/qwen"}
    assert settings.models.remote["judge"].base_url == "http://localhost:8000/v1"
    assert settings.resolve("o4-mini-2025-04-16") == "burnish-starter"
    assert settings.resolve("qwen") == "qwen"


def test_an_alias_is_followed_once():
    settings = Settings(models={"aliases": {"a": "b", "b": "c"}})
    assert settings.resolve("a") == "b"


def test_a_misspelt_setting_is_an_error(empty_directory):
    (empty_directory / "burnish.toml").write_text("[training]\nlora_rnak = 8\n")
    with pytest.raises(ValidationError, match=r"training\.lora_rnak"):
        Settings()


def test_values_out_of_range_are_errors(monkeypatch):
    monkeypatch.setenv("BURNISH_PORT", "70000")
    with pytest.raises(ValidationError, match="less than or equal to 65535"):
        Settings()


def test_an_environment_value_that_is_no_json_is_an_error(monkeypatch):
    monkeypatch.setenv("BURNISH_MODELS__ALIASES", "not json")
    with pytest.raises(SettingsError, match="models"):
        Settings()


def test_a_dotenv_file_is_not_read(empty_directory):
    (empty_directory / ".env").write_text("BURNISH_PORT=1\n")
    assert Settings().port == 8787


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1


def test_a_child_process_reads_the_same_settings(monkeypatch, empty_directory):
    aliases = {"gpt-4o": "burnish-starter"}
    remote = {"judge": {"base_url": "http://localhost:1/v1", "concurrency": 2}}
    settings = Settings(port=9, data_dir=empty_directory, models={"aliases": aliases, "remote": remote})
    monkeypatch.setenv("BURNISH_HOST", "0.0.0.0")
    environment = child_environment(settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings
    assert json.loads(environment["BURNISH_MODELS"])["aliases"] == aliases
    assert environment["BURNISH_HOST"] == "127.0.0.1"


def test_wordnet_is_looked_for_where_nltk_and_debian_put_it(monkeypatch, tmp_path):
    monkeypatch.setenv("NLTK_DATA", f"/a:{tmp_path}")
    places = Settings().grading.wordnet_places
    assert places[:3] == (Path("/a/corpora/wordnet"), Path("/a/corpora/wordnet.zip"), tmp_path / "corpora/wordnet")
    assert Path.home() / "nltk_data/corpora/wordnet.zip" in places
    assert places[-1] == Path("/usr/share/wordnet")
    assert Settings(grading={"wordnet": tmp_path}).grading.wordnet_places == (tmp_path,)


def test_a_wordnet_that_is_named_must_be_there(tmp_path):
    with pytest.raises(ValidationError, match=r"grading\.wordnet"):
        Settings(grading={"wordnet": tmp_path / "nowhere"})


def test_prices_are_for_remote_models_that_are_there():
    remote = {"judge": {"base_url": "http://localhost:1/v1"}}
    priced = Settings(models={"remote": remote}, prices={"judges": {"judge": {"output_usd": 8}}})
    assert priced.prices.is_set
    with pytest.raises(ValidationError, match="'jugde', which is no model of models"):
        Settings(models={"remote": remote}, prices={"judges": {"jugde": {"output_usd": 8}}})


def test_a_budget_in_money_needs_prices():
    assert not Settings().prices.is_set
    assert Settings(prices={"machine_hour_usd": 2.5}, budget={"usd": 10}).budget.usd == 10
    with pytest.raises(ValidationError, match=r"budget\.usd needs prices"):
        Settings(budget={"usd": 10})


HOOK = {"url": "https://example.com/hook?token=t0ken", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def test_a_webhooks_secret_may_come_from_the_environment(empty_directory, monkeypatch):
    (empty_directory / "burnish.toml").write_text('[webhooks.alerts]\nurl = "https://example.com/hook"\n')
    monkeypatch.setenv("BURNISH_WEBHOOKS__ALERTS__SECRET", HOOK["secret"])
    hook = Settings().webhooks["alerts"]
    assert (hook.url, hook.secret.get_secret_value()) == ("https://example.com/hook", HOOK["secret"])
    assert hook.events == ("fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled")


def test_a_child_knows_the_secrets_and_nobody_who_looks_at_the_settings(monkeypatch):
    settings = Settings(webhooks={"alerts": HOOK})
    assert "t0ken" not in repr(settings)
    assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in repr(settings)
    for name, value in child_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings().webhooks == settings.webhooks


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": "sesame"}, "a secret is whsec_"),
        ({"secret": "whsec_c2hvcnQ="}, "a secret is whsec_"),
        ({"old_secret": "whsec_%%%"}, "a secret is whsec_"),
        ({"url": "ftp://example.com/"}, "begins with https://"),
        ({"url": "https:///hook"}, "begins with https://"),
        ({"events": []}, "at least 1 item"),
        ({"events": ["fine_tuning.job.finished"]}, "fine_tuning.job.succeeded"),
        ({"timeout_s": 61}, "less than or equal to 60"),
    ],
)
def test_a_wrong_webhook_is_refused_without_showing_what_was_there(change, words: str):
    with pytest.raises(ValidationError) as caught:
        Settings(webhooks={"alerts": HOOK | change})
    text = str(caught.value)
    assert words in text
    assert "webhooks.alerts." in text
    assert "sesame" not in text
    assert "t0ken" not in text


def test_a_child_knows_the_key_of_weights_and_biases_and_sends_its_makers_nothing(monkeypatch):
    monkeypatch.delenv("WANDB_ERROR_REPORTING", raising=False)
    settings = Settings(wandb={"api_key": "s3cret"})
    assert "s3cret" not in repr(settings)
    environment = child_environment(settings)
    assert json.loads(environment["BURNISH_WANDB"])["api_key"] == "s3cret"
    assert environment["WANDB_ERROR_REPORTING"] == "false"
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "true")
    assert child_environment(settings)["WANDB_ERROR_REPORTING"] == "true"


def test_a_vllm_server_serves_a_base_that_is_there():
    there = {"base_url": "http://127.0.0.1:1/v1"}
    assert Settings(serving={"vllm": {"burnish-starter": there}}).serving.vllm["burnish-starter"].timeout_s == 600
    with pytest.raises(ValidationError, match=r"serving.vllm names 'gpt-9', which is no base model"):
        Settings(serving={"vllm": {"gpt-9": there}})


def test_the_starters_weights_are_where_they_are_said_to_be():
    assert list(starter_directory().glob("*.safetensors")) != []
