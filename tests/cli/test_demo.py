import json
import sys
from pathlib import Path

import pytest

from burnish.cli.demo import local_server, train
from burnish.core.errors import Unavailable
from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]


def test_its_script_ends_with_a_tuned_model(api, tmp_path):
    row = {"messages": [{"role": "user", "content": "Which word?"}], "wanted": "maybe"}
    for name in ("train", "valid"):
        (tmp_path / f"{name}.jsonl").write_text((json.dumps(row) + "\n") * 4)
    name = train(api, tmp_path, GRADER, FORMAT, epochs=2, seed=1, model="tiny")
    assert name.startswith("ft:tiny:local:security-review:")
    asked = api.chat.completions.create(
        model=name,
        messages=[{"role": "user", "content": "Which word?"}],
        extra_body={"response_format": FORMAT, "reasoning_effort": "none"},
    )
    assert json.loads(asked.choices[0].message.content)["word"] in ("yes", "no", "maybe", "never")


def test_a_server_that_cannot_start_is_told_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Unavailable, match=r"server\.log"), local_server(tmp_path):
        raise AssertionError
