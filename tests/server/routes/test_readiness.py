from pathlib import Path

from burnish.grade.tools import Tools
from tests.door import opened
from tests.fakes import FakeSandbox

REMOTE = {"judge": {"base_url": "http://127.0.0.1:1/v1"}}


def test_what_does_not_work_is_told_with_the_reason(tmp_path: Path):
    with opened(tmp_path, grading={"sandbox": "off"}, models={"remote": REMOTE}) as door:
        answer = door.http.get("/v1/burnish/readiness")
    found = answer.json()
    assert (found["sandbox"]["setting"], found["sandbox"]["is_ready"]) == ("off", False)
    assert "off" in found["sandbox"]["reason"]
    [judge] = found["models"]
    assert (judge["id"], judge["is_ready"], judge["reason"]) == ("judge", False, "no answer: ConnectError")
    assert "127.0.0.1" not in answer.text


def test_what_works_is_told(tmp_path: Path):
    with opened(tmp_path, Tools(sandbox=FakeSandbox())) as door:
        found = door.http.get("/v1/burnish/readiness").json()
    assert found["sandbox"] == {"setting": "auto", "is_ready": True, "reason": None}
    assert found["models"] == []
