from pathlib import Path

from tests.door import opened


def test_what_runs_here_is_told_without_addresses_and_secrets(tmp_path: Path):
    remote = {"judge": {"base_url": "http://hidden.example/v1", "api_key": "sk-hidden"}}
    embedders = {"vectors": "/hidden/place"}
    with opened(
        tmp_path, models={"remote": remote, "embedders": embedders, "aliases": {"best": "judge", "gone": "ft:none"}}
    ) as door:
        answer = door.http.get("/v1/burnish/settings")
    found = answer.json()
    assert found["models"] == {
        "local": ["burnish-starter"],
        "remote": ["judge"],
        "embedders": ["vectors"],
        "aliases": {"best": "judge"},
    }
    assert (found["project"], found["is_admin"], found["sandbox"]) == ("default", True, "auto")
    assert "hidden" not in answer.text
