"""Against a made-up server in vLLM's manner; tests/contract/test_vllm.py asks a real one."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx2
import pytest

from burnish.core.errors import InvalidRequest
from burnish.remote.vllm import VllmServer
from burnish.remote.vllm_adapters import VllmAdapters
from burnish.settings import Vllm
from burnish.spec.served import Served

BODY = {"messages": [{"role": "user", "content": "hi"}], "store": True, "metadata": {"a": "b"}}
ENTRIES = [{"token": token, "logprob": -1.0} for token in ("hm", "</think>", "yes")]
EXTRA = {"prompt_token_ids": None, "kv_transfer_params": None}


class Server:
    """Knows the base and what was loaded since it was last started."""

    def __init__(self) -> None:
        self.known = {"tiny-there"}
        self.asked: list[dict[str, Any]] = []
        self.message: dict[str, Any] = {"role": "assistant", "content": "yes", "reasoning": "hm", "audio": None}
        self.deltas: list[dict[str, Any]] = [
            {"role": "assistant", "content": ""},
            {"reasoning": "hm"},
            {"content": "yes"},
        ]

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        if request.url.path == "/v1/load_lora_adapter":
            self.known.add(body["lora_name"])
            return httpx2.Response(200, text="Success")
        self.asked.append(body)
        if body["model"] not in self.known:
            error = {"message": f"The model `{body['model']}` does not exist.", "param": "model", "code": 404}
            return httpx2.Response(404, json={"error": error})
        logprobs = {"content": ENTRIES}
        if body.get("stream"):
            choices = [{"index": 0, "delta": delta, "logprobs": logprobs, "stop_reason": None} for delta in self.deltas]
            chunks = [{"id": "c", "model": body["model"], "choices": [choice], **EXTRA} for choice in choices]
            text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
            return httpx2.Response(200, text=text + "data: [DONE]\n\n")
        choice = {"index": 0, "message": self.message, "logprobs": logprobs, "finish_reason": "stop", "token_ids": None}
        return httpx2.Response(200, json={"id": "c", "model": body["model"], "choices": [choice], "usage": {}, **EXTRA})


def with_server(server: Server, directory: Path, act: Callable[[VllmServer], Coroutine[Any, Any, None]]) -> None:
    def fetch(_blob: str, target: Path) -> None:
        target.mkdir(parents=True)

    async def main() -> None:
        settings = Vllm(base_url="http://v/v1", model="tiny-there")
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(server))
        vllm = VllmServer(settings, "tiny", VllmAdapters(settings, directory, fetch, client), client)
        try:
            await act(vllm)
        finally:
            await vllm.aclose()

    asyncio.run(main())


def test_a_base_is_asked_by_its_name_there_and_answers_by_its_own_without_reasoning(tmp_path):
    server = Server()

    async def act(vllm: VllmServer) -> None:
        answer = await vllm.chat("tiny", Served(base="tiny")).forward(BODY)
        choice = answer["choices"][0]
        assert choice["message"] == {"role": "assistant", "content": "yes", "refusal": None}
        assert choice["logprobs"] == {"content": ENTRIES[2:]}
        assert (answer["model"], set(answer) & set(EXTRA)) == ("tiny", set())
        assert server.asked == [{"messages": BODY["messages"], "model": "tiny-there"}]

    with_server(server, tmp_path, act)


def test_reasoning_is_shown_to_those_who_may_see_it(tmp_path):
    async def act(vllm: VllmServer) -> None:
        chat = vllm.chat("tiny", Served(base="tiny", shows_reasoning=True))
        assert (await chat.forward(BODY))["choices"][0]["message"]["reasoning_content"] == "hm"
        deltas = [chunk["choices"][0]["delta"] async for chunk in chat.stream({**BODY, "stream": True})]
        assert deltas[1:] == [{"reasoning_content": "hm"}, {"content": "yes"}]

    with_server(Server(), tmp_path, act)


def test_a_stream_tells_neither_reasoning_nor_its_log_probs(tmp_path):
    async def act(vllm: VllmServer) -> None:
        chat = vllm.chat("tiny", Served(base="tiny"))
        choices = [chunk["choices"][0] async for chunk in chat.stream({**BODY, "stream": True})]
        assert [choice["delta"] for choice in choices] == [{"role": "assistant", "content": ""}, {}, {"content": "yes"}]
        assert choices[1]["logprobs"] is None
        assert choices[2]["logprobs"] == {"content": ENTRIES[2:]}

    with_server(Server(), tmp_path, act)


def test_without_effort_all_that_was_said_is_the_answer(tmp_path):
    server = Server()
    server.message = {"role": "assistant", "content": None, "reasoning": "yes"}
    server.deltas = [{"reasoning": "ye"}, {"reasoning": "s"}]

    async def act(vllm: VllmServer) -> None:
        chat = vllm.chat("tiny", Served(base="tiny"))
        sent = {**BODY, "reasoning_effort": "none"}
        assert (await chat.forward(sent))["choices"][0]["message"]["content"] == "yes"
        deltas = [chunk["choices"][0]["delta"] async for chunk in chat.stream({**sent, "stream": True})]
        assert deltas == [{"content": "ye"}, {"content": "s"}]
        assert server.asked[0]["chat_template_kwargs"] == {"reasoning_effort": "none"}

    with_server(server, tmp_path, act)


@pytest.mark.parametrize(("named", "effort"), [(None, "low"), ("default", "low"), ("high", "high")])
def test_a_tuned_model_answers_at_the_effort_it_was_trained_at(tmp_path, named, effort):
    server = Server()

    async def act(vllm: VllmServer) -> None:
        served = Served(base="tiny", kind="lora", blob="models/a", reasoning_effort="low")
        await vllm.chat("ft", served).forward({**BODY, "reasoning_effort": named})
        assert server.asked[0]["reasoning_effort"] == effort
        assert server.asked[0]["model"] == vllm.adapters.name_of("models/a")

    with_server(server, tmp_path, act)


@pytest.mark.parametrize("stream", [False, True])
def test_a_server_that_was_started_anew_is_given_the_adapter_again(tmp_path, stream):
    server = Server()

    async def ask(vllm: VllmServer) -> None:
        chat = vllm.chat("ft", Served(base="tiny", kind="lora", blob="models/a"))
        if stream:
            assert len([chunk async for chunk in chat.stream({**BODY, "stream": True})]) == 3
        else:
            assert (await chat.forward(BODY))["model"] == "ft"

    async def act(vllm: VllmServer) -> None:
        await ask(vllm)
        server.known = {"tiny-there"}
        await ask(vllm)

    with_server(server, tmp_path, act)


@pytest.mark.parametrize("stream", [False, True])
def test_a_base_of_another_name_is_refused_as_the_server_does(tmp_path, stream):
    server = Server()
    server.known = set()

    async def act(vllm: VllmServer) -> None:
        chat = vllm.chat("tiny", Served(base="tiny"))
        with pytest.raises(InvalidRequest, match="answered 404: The model `tiny-there` does not exist") as caught:
            if stream:
                await anext(chat.stream({**BODY, "stream": True}))
            else:
                await chat.forward(BODY)
        assert (caught.value.param, caught.value.code) == ("model", None)

    with_server(server, tmp_path, act)


def test_what_is_no_chat_goes_through_as_it_is(tmp_path):
    class Embeddings(Server):
        def __call__(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, json={"data": [], "path": request.url.path})

    async def act(vllm: VllmServer) -> None:
        answer = await vllm.chat("tiny", Served(base="tiny")).forward({"input": "a"}, "/embeddings")
        assert answer == {"data": [], "path": "/v1/embeddings"}

    with_server(Embeddings(), tmp_path, act)
