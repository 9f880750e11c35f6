"""Judges, embeddings and endpoint graders over a real socket: all calls are accounted for, whatever the server does."""

import asyncio

import pytest

from benchmarks.judge_server import JudgeServer
from benchmarks.judges import called
from burnish.core.rollout import Fault, Item, Sample
from burnish.grade.build import build
from burnish.grade.tools import Tools
from burnish.remote.chat import RemoteChat
from burnish.remote.embedder import RemoteEmbedder
from burnish.remote.poster import HttpPoster
from burnish.settings import Remote
from burnish.spec.grader import MultiSpec
from tests.fakes import FakeSleep

MULTI = {
    "type": "multi",
    "graders": {
        "label": {
            "type": "label_model",
            "model": "judge",
            "input": [{"role": "user", "content": "Is {{sample.output_text}} right?"}],
            "labels": ["right", "wrong"],
            "passing_labels": ["right"],
        },
        "near": {
            "type": "text_similarity",
            "input": "{{sample.output_text}}",
            "reference": "{{item.answer}}",
            "evaluation_metric": "cosine",
        },
    },
    "calculate_output": "label + near + own",
}


def test_every_call_ends_as_a_score_or_a_flagged_fault():
    account = asyncio.run(called(200, limit=16, slowness=0.01))
    # Lines 13 and 113 fail always, 57 and 157 are refused; one request in twenty fails beside those, and passes.
    assert account.ends == {"score": 196, Fault.MODEL_SERVER: 2, Fault.MODEL_REFUSAL: 2}
    assert {grade.score for grade in account.grades if not grade.faults} == {0.5}
    assert {grade.score for grade in account.grades if grade.faults} == {None, 0.0}
    assert account.tokens == (account.server.prompt_tokens, account.server.completion_tokens)
    assert account.server.statuses[200] == 198
    assert account.server.statuses[429] > 0
    assert account.server.peak == 16


def test_a_grader_may_ask_a_judge_an_embedder_and_an_endpoint_at_once():
    async def main():
        server = JudgeServer(failure=lambda number, body: 500 if number == 1 else None)
        async with server.listening() as address:
            remote = Remote(base_url=f"{address}/v1")
            chat, embedder = (
                RemoteChat(remote, "judge", sleep=FakeSleep()),
                RemoteEmbedder(remote, "e", sleep=FakeSleep()),
            )
            poster = HttpPoster()
            tools = Tools(chat=chat, embedder=embedder, poster=poster, sleep=FakeSleep())
            own = {"type": "endpoint", "url": f"{address}/own", "headers": {"authorization": "key"}}
            spec = MultiSpec.model_validate({**MULTI, "graders": {**MULTI["graders"], "own": own}})
            grade = await build(spec, tools)(Item(1, (), (), {"answer": "yes"}), Sample("yes", None))
            for each in (chat, embedder, poster):
                await each.aclose()
        return grade, server

    grade, server = asyncio.run(main())
    assert {key: (part.score, part.faults) for key, part in grade.parts.items()} == {
        "label": (1.0, ()),
        "near": (pytest.approx(1.0), ()),
        "own": (0.5, ()),
    }
    assert grade.score == pytest.approx(2.5)
    assert server.statuses == {500: 1, 200: 3}
