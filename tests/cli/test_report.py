import io
from pathlib import Path

import pytest
from rich.console import Console

from burnish.cli.report import Report
from tests.work.test_reinforce import FORMAT, GRADER

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]

ROWS = [
    {"messages": [{"role": "user", "content": f"Which word, {number}?"}], "wanted": wanted}
    for number, wanted in enumerate(["yes", "no", "maybe", "never"])
]


def test_a_model_is_scored_by_the_jobs_grader(api):
    standing = Report(api, GRADER, FORMAT, ROWS).standing("tiny")
    assert len(standing.answers) == 4
    assert standing.reward == standing.exact  # string_check gives 0 or 1
    assert standing.greedy.mean in (0.0, 0.25, 0.5, 0.75, 1.0)


def test_the_same_model_before_and_after_shows_no_gain(api):
    out = io.StringIO()
    Report(api, GRADER, FORMAT, ROWS).show(Console(file=out, width=120), "tiny", "tiny", 1.5, Path("here"))
    told = out.getvalue()
    assert "4 held-out questions" in told
    assert "serve --data-dir here" in told
    assert "The intervals overlap: no clear gain." in told
    assert told.count("before") == told.count("after") == 3
    assert 'wanted  {"wanted": "yes"}' in told
