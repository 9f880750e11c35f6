import re
from collections.abc import Iterator
from contextlib import contextmanager

import openai
import pytest
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.errors import BurnishError, InvalidRequest
from burnish.server.app import app_of
from burnish.server.state import open_state
from burnish.settings import Settings
from tests.contract.served import TUNED, write_served
from tests.contract.test_evals import ALIKE, CONFIG, EXACT, content, ended
from tests.door import Door, opened
from tests.evals.evaluating import evaluating
from tests.serving import infer_app, listening


@pytest.fixture
def door(tmp_path):
    with opened(tmp_path / "data") as door, evaluating(door.state.settings):
        yield door


@pytest.fixture
def burnish(door):
    with listening(app_of(door.state)) as address:
        yield lambda *words: CliRunner().invoke(app, ["evals", *words, "--base-url", f"{address}/v1"])


@pytest.fixture
def eval_id(door: Door) -> str:
    """An eval with two runs over two rows, the second of which is right in one more."""
    made = door.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT, ALIKE])
    for name, answers in (("before", ("a", "x")), ("after", ("a", "b"))):
        source = content(("a", answers[0]), ("b", answers[1]))
        ended(door.client, door.client.evals.runs.create(made.id, name=name, data_source=source))
    made_id: str = made.id
    return made_id


def test_an_eval_that_is_not_there_is_told(burnish):
    result = burnish("show", "eval_none")
    assert isinstance(result.exception, BurnishError)
    assert "eval_none" in str(result.exception)


def test_evals_are_listed_and_shown_with_their_runs(burnish, eval_id):
    assert re.search(rf"^{eval_id} +sums +Exact \(string_check\), Alike", burnish("list").output, re.MULTILINE)
    shown = burnish("show", eval_id).output
    assert "criteria: Exact (string_check), Alike (text_similarity)" in shown
    assert re.search(r"before +- +completed +1 +1 +0", shown)
    assert re.search(r"after +- +completed +2 +0 +0", shown)


def test_the_first_run_and_the_last_are_compared_unless_others_are_named(burnish, eval_id):
    result = burnish("compare", eval_id, "--slice", "item.answer")
    assert result.exit_code == 0, result.output
    assert re.search(r"^before +- +2 +0\.500 \[", result.output, re.MULTILINE)
    assert "after against before" in result.output
    assert "1 rows that failed now pass, 0 that passed now fail." in result.output
    assert re.search(r"^item\.answer = b +1 +\+1\.000", result.output, re.MULTILINE)
    assert re.search(r"^1 +\+1\.000 +.*b.* +x +b *$", result.output, re.MULTILINE)
    assert re.search(r"^Exact +0\.500 +1\.000", result.output, re.MULTILINE)


def test_a_run_is_compared_by_one_criterion(burnish, door, eval_id):
    runs = [run.id for run in door.client.evals.runs.list(eval_id, order="desc")]
    words = [word for run in runs for word in ("--run", run)]
    result = burnish("compare", eval_id, *words, "--criterion", "Exact", "--changed", "0")
    assert "before against after" in result.output
    assert "-0.500" in result.output
    odd = burnish("compare", eval_id, *words, "--criterion", "Kind")
    assert "no criterion 'Kind'" in str(odd.exception)


def test_one_run_cannot_be_compared(burnish, door):
    made = door.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
    assert isinstance(burnish("compare", made.id).exception, InvalidRequest)


def test_a_run_that_asked_nobody_is_no_model_for_another(burnish, door, eval_id):
    result = burnish("run", eval_id, "--model", "tiny")
    assert "asks nobody" in str(result.exception)
    made = door.client.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
    assert "no run that another could be like" in str(burnish("run", made.id, "--model", "tiny").exception)


def test_another_model_is_asked_the_same(tmp_path):
    settings = write_served(tmp_path)
    with listening(infer_app(settings)) as infer:
        settings = settings.model_copy(update={"infer_url": infer})
        with opened_as(settings) as (door, url), evaluating(settings):
            made = door.evals.create(name="sums", data_source_config=CONFIG, testing_criteria=[EXACT])
            source = {
                "type": "completions",
                "model": "tiny",
                "source": {"type": "file_content", "content": [{"item": {"answer": "x"}}] * 3},
                "input_messages": {"type": "template", "template": [{"role": "user", "content": "{{item.answer}}"}]},
                "sampling_params": {"max_completion_tokens": 5},
            }
            first = ended(door, door.evals.runs.create(made.id, data_source=source))
            words = ["evals", "run", made.id, "--model", TUNED, "--base-url", url]
            result = CliRunner().invoke(app, words, catch_exceptions=False)
            odd = CliRunner().invoke(app, [*words[:4], "nobody", *words[5:]])
            last = next(iter(door.evals.runs.list(made.id, order="desc")))
    assert result.exit_code == 0, result.output
    assert re.search(rf"{TUNED} +{TUNED} +completed", result.output)
    assert last.data_source.to_dict() == {**first.data_source.to_dict(), "model": TUNED}
    assert "'nobody' does not exist" in str(odd.exception)


@contextmanager
def opened_as(settings: Settings) -> Iterator[tuple[openai.OpenAI, str]]:
    """A server with these settings, the client on it, and its address."""
    with (
        listening(app_of(open_state(settings))) as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="none") as client,
    ):
        yield client, f"{address}/v1"
