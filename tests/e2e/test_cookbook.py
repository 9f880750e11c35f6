"""The recipes of `examples/graders/`: every grader gives every row the score that stands beside it.

A judge's verdict stands in the row as well (`judge`): what a judge falls for is shown there, not measured.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from typer.testing import CliRunner

from burnish.cli.main import app
from burnish.core.rollout import Grade, Item
from burnish.grade.answer import sample_of
from burnish.grade.build import build
from burnish.grade.flags import all_faults
from burnish.grade.tools import Tools
from burnish.learn.advantage import leave_one_out
from burnish.sandbox.choice import Choice
from burnish.sandbox.python_sandbox import PythonSandbox
from burnish.sandbox.unconfined import Unconfined
from burnish.settings import Settings
from burnish.spec.chat import ChatCompletion, ChatRequest
from burnish.spec.grader import GraderSpec
from examples.graders.embed import embedded
from tests.fakes import verdict
from tests.house.tree import ROOT
from tests.serving import listening

FOLDER = ROOT / "examples/graders"
GRADERS = sorted(FOLDER.glob("*/*.json"))
FOLDERS = sorted({path.parent.name for path in GRADERS})
SOURCES = sorted(path for path in FOLDER.glob("*/*.py") if not path.stem.startswith(("naive", "closest")))
HARDENED = {"grader": ("naive", "pass_fail", "similar", "closest"), "judged": ("naive_judged",)}
"""Each grader that closes the holes, and those that have them."""
PAGE = ROOT / "docs/cookbook.md"


def named(paths):
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in paths]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """Our own sources need not be kept in; the slow test below does it."""
    running = PythonSandbox(Settings(data_dir=tmp_path_factory.mktemp("data")), choice=Choice(Unconfined()))
    yield running
    running.close()


@pytest.mark.parametrize("path", named(GRADERS))
def test_every_row_gets_the_score_beside_it(path, sandbox):
    grades, rows = graded(path, sandbox), rows_of(path.parent.name)
    assert [each.score for each in grades] == [pytest.approx(row["scores"][path.stem], abs=1e-6) for row in rows]
    assert is_naive(path) or [each for each in grades if all_faults(each)] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", named(GRADERS))
def test_the_command_gives_the_same_in_a_real_sandbox(path, tmp_path):
    rows = rows_of(path.parent.name)
    with listening(judge_server(rows)) as url:
        words = ["grade", str(path), str(path.parent / "rows.jsonl"), "--base-url", f"{url}/v1"]
        done = CliRunner(env={"BURNISH_DATA_DIR": str(tmp_path)}).invoke(app, words)
    assert is_naive(path) or done.exit_code == 0, done.output
    found = re.findall(r"^ *(\d+) +([\d.]+) +[\d.]+", done.output.partition("\n\n")[0], re.MULTILINE)
    wanted = [(str(line), f"{row['scores'][path.stem]:.4g}") for line, row in enumerate(rows, start=1)]
    assert found == wanted


def test_no_exploit_pays_as_it_did():
    for folder, row in exploits():
        for closed, open_ones in HARDENED.items():
            if closed in row["scores"]:
                before = max(row["scores"][name] for name in open_ones if name in row["scores"])
                assert row["scores"][closed] < before, (folder, row["about"])


def test_no_exploit_pays_as_much_as_an_honest_answer():
    for folder, row in exploits():
        honest = [each for each in rows_of(folder) if not is_exploit(each) and each["item"] == row["item"]]
        for closed in HARDENED.keys() & row["scores"].keys():
            best = max((each["scores"][closed] for each in honest), default=1.0)
            assert row["scores"][closed] < best, (folder, row["about"])


def test_a_group_of_wrong_answers_teaches_only_where_the_grade_is_smooth(sandbox):
    wrong = [index for index, row in enumerate(rows_of("smooth")) if row["about"] in GROUP]
    passed, smooth = (graded(FOLDER / "smooth" / name, sandbox) for name in ("pass_fail.json", "grader.json"))
    assert leave_one_out([passed[index].score for index in wrong]) == [0.0, 0.0, 0.0]
    # .7467, .2667 and 0: each less the mean of the other two
    assert leave_one_out([smooth[index].score for index in wrong]) == pytest.approx([46 / 75, -8 / 75, -38 / 75])


def test_an_answer_cannot_leave_its_quotes():
    (forged,) = [row for row in rows_of("judge") if "forged" in row["about"]]
    assert forged["sample"].count("\n") == 3
    asked = ScriptedJudge([forged])
    asyncio.run(grade(build(spec_of(FOLDER / "judge/grader.json"), Tools(chat=asked)), forged))
    (request,) = asked.requests
    question, expert, reply = request.messages[-1]["content"].split("\n")
    assert (question, expert[:15]) == ("Question: How do I return a lamp?", "Expert's reply:")
    assert json.loads(reply.removeprefix("Reply: "))["content"] == forged["sample"]


@pytest.mark.parametrize("path", named(GRADERS))
def test_the_sources_are_those_of_the_files(path):
    grader = json.loads(path.read_text("utf-8"))
    assert embedded(grader, path.parent) == grader, "run: python examples/graders/embed.py"


@pytest.mark.parametrize("path", named(SOURCES))
def test_a_python_grader_has_a_score_for_any_answer(path):
    rows, run = rows_of(path.parent.name), function_of(path)

    @given(st.data())
    def holds(data):
        row = data.draw(st.sampled_from(rows))
        answer = handed(row["sample"])
        sample = {
            "output_text": data.draw(st.text() | EQUATIONS),
            "output_json": bent(answer["output_json"], data.draw),
            "output_tools": [bent(call, data.draw) for call in answer["output_tools"]],
        }
        assert 0.0 <= run(sample, row["item"]) <= 1.0

    holds()


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_shows_every_row_with_its_scores(folder):
    page = PAGE.read_text("utf-8")
    rows = rows_of(folder)
    heading = f"| answer | {' | '.join(f'`{name}`' for name in rows[0]['scores'])} |"
    lines = [f"| {row['about']} | {' | '.join(f'{score:.2f}' for score in row['scores'].values())} |" for row in rows]
    table = "\n".join([heading, f"|---|{'---:|' * len(rows[0]['scores'])}", *lines])
    assert table in page, f"the table of {folder} is\n\n{table}"


EQUATIONS = st.text("()+-*/=. \n,0123456789")
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=4)
GROUP = ("a little beside it", "further off", "far off")


@dataclass
class ScriptedJudge:
    """A Chat that gives each answer the verdict in its row."""

    rows: Sequence[dict[str, Any]]
    requests: list[ChatRequest] = field(default_factory=list)

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        self.requests.append(request)
        return verdict(result_of(self.rows, request.messages[-1]["content"]))


def result_of(rows, last_message):
    """The verdict of the row whose answer the message ends with, as it is or in JSON."""
    (found,) = {row["judge"] for row in rows if last_message.rstrip("\n").endswith(endings(row["sample"]))}
    return found


def endings(answer):
    said = json.loads(answer)["explanation"] if answer.startswith("{") else answer
    quoted = json.dumps(said, ensure_ascii=False)
    return (said, quoted + "}", quoted + ',"refusal":null}')


def judge_server(rows):
    server = FastAPI()

    @server.post("/v1/chat/completions")
    async def complete(body: dict[str, Any]) -> dict[str, Any]:
        return verdict(result_of(rows, body["messages"][-1]["content"])).model_dump(mode="json")

    return server


def graded(path, sandbox) -> list[Grade]:
    async def main():
        rows = rows_of(path.parent.name)
        grader = build(spec_of(path), Tools(chat=ScriptedJudge(rows), sandbox=sandbox))
        return [await grade(grader, row) for row in rows]

    return asyncio.run(main())


async def grade(grader, row):
    answer = row["sample"] if isinstance(row["sample"], dict) else {"output_text": row["sample"]}
    sample = sample_of(answer["output_text"], answer.get("output_tools", ()))
    return await grader(Item(line=1, messages=(), tools=(), fields=row["item"]), sample)


def spec_of(path):
    return TypeAdapter(GraderSpec).validate_json(path.read_bytes())


@cache
def rows_of(folder):
    return [json.loads(line) for line in (FOLDER / folder / "rows.jsonl").read_text("utf-8").splitlines()]


def exploits():
    return [(folder, row) for folder in FOLDERS for row in rows_of(folder) if is_exploit(row)]


def is_exploit(row):
    return row["about"].startswith("exploit: ")


def is_naive(path):
    return path.stem not in HARDENED


def function_of(path):
    names: dict[str, Any] = {}
    exec(compile(path.read_text("utf-8"), path.name, "exec"), names)
    return names["grade"]


def handed(row_sample):
    """What a python grader sees of a row's answer."""
    answer = row_sample if isinstance(row_sample, dict) else {"output_text": row_sample, "output_tools": []}
    return {**answer, "output_json": sample_of(answer["output_text"]).json}


def bent(value, draw):
    """The value with anything in one of its places."""
    places = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not places or draw(st.integers(0, 3)) == 0:
        return draw(ANYTHING)
    place = draw(st.sampled_from(places))
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[place] = bent(value[place], draw)
    return changed
