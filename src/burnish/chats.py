"""What stands behind every model name: the inference process, a vLLM server in its place, or a remote endpoint."""

import copy

import httpx2
from anyio import to_thread

from burnish.core.errors import InvalidRequest, NotFound
from burnish.remote.chat import RemoteChat
from burnish.remote.endpoint import Shortcut, client_of
from burnish.remote.infer import embedder_of, extra_of, infer_remote
from burnish.remote.vllm import VllmServer
from burnish.remote.vllm_adapters import VllmAdapters
from burnish.settings import Settings
from burnish.spec.chat import ChatCompletion, ChatRequest
from burnish.spec.served import Served
from burnish.store.blobs import Blobs
from burnish.store.models import Models

SHORTCUT_S = 2.0
"""How long a base's process is asked without asking for it first; less than it is safe from being stopped."""


class Chats:
    """Finds the Chat that a name means, and is itself one that asks it; lives in one event loop."""

    def __init__(self, settings: Settings, tuned: Models, blobs: Blobs, infer: httpx2.AsyncClient) -> None:
        """`infer` speaks to the inference process; it is closed with the chats."""
        self._blobs = blobs
        self._settings = settings
        self._tuned = tuned
        self._infer = infer
        self._remotes: dict[str, RemoteChat] = {}
        self._vllms: dict[str, VllmServer] = {}
        self._shortcuts: dict[str, Shortcut] = {}
        """By base."""

    def of(self, tuned: Models) -> "Chats":
        """The same, but for the tuned models there are. Connections are shared, and closed with either."""
        chats = copy.copy(self)
        chats._tuned = tuned
        return chats

    async def find(self, name: str, *, shows_reasoning: bool = False) -> RemoteChat:
        """The Chat of a base, remote, tuned or checkpoint model, or of an alias of one.

        `shows_reasoning`: a local model's answers bring their reasoning as `reasoning_content`.

        Raises `NotFound`, code `model_not_found`, `InvalidRequest` for an embedding model, and `Unavailable` where no
        inference process is set up.
        """
        settings = self._settings
        target = settings.resolve(name)
        if target in settings.models.remote:
            return self._remote(target)
        if target in settings.models.embedders:
            raise no_answers(name)
        served = await self._served(target)
        if served is None:
            raise NotFound(
                f"The model '{name}' does not exist. GET /v1/models lists those that do.",
                param="model",
                code="model_not_found",
            )
        served = served.model_copy(update={"shows_reasoning": shows_reasoning})
        server = None if served.kind == "full" else self._vllm_of(served.base)
        return self._local(name, served) if server is None else server.chat(name, served)

    async def find_embedder(self, name: str) -> RemoteChat:
        """What makes embeddings by this name: its `forward` with a path.

        Raises `NotFound`, `InvalidRequest` for a model here that only answers, and `Unavailable`, as `find` does.
        """
        target = self._settings.resolve(name)
        if target in self._settings.models.embedders:
            return self._local(name, embedder_of(target))
        chat = await self.find(name)
        if chat.is_ours:
            message = f"The model '{name}' answers here, and makes no embeddings; name one of models.embedders or of "
            raise InvalidRequest(f"{message}models.remote.", param="model", code="model_not_supported")
        return chat

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The answer of the model that the request names, as a judge gives it. Raises like `RemoteChat.complete`."""
        return await (await self.find(request.model)).complete(request)

    async def aclose(self) -> None:
        """Close the connections to the inference process and to remote endpoints."""
        for chat in self._remotes.values():
            await chat.aclose()
        for server in self._vllms.values():
            await server.aclose()
        await self._infer.aclose()

    def _remote(self, target: str) -> RemoteChat:
        if target not in self._remotes:
            self._remotes[target] = RemoteChat(self._settings.models.remote[target], target)
        return self._remotes[target]

    def _local(self, name: str, served: Served) -> RemoteChat:
        shortcut = self._shortcuts.setdefault(served.full_blob or served.base, Shortcut(SHORTCUT_S))
        endpoint = infer_remote(self._settings)
        return RemoteChat(endpoint, name, extra=extra_of(served), is_ours=True, shortcut=shortcut, client=self._infer)

    def _vllm_of(self, base: str) -> VllmServer | None:
        """The vLLM server that the settings name for a base. Full weights of its kin are never served there."""
        found = self._settings.serving.vllm.get(base)
        if found is None:
            return None
        if base not in self._vllms:
            client = client_of(found, most=None)
            directory = found.adapters or self._settings.data_dir / "cache" / "vllm"
            adapters = VllmAdapters(found, directory, self._blobs.fetch_directory, client)
            self._vllms[base] = VllmServer(found, base, adapters, client)
        return self._vllms[base]

    async def _served(self, target: str) -> Served | None:
        """The weights behind a local model's name."""
        if self._settings.is_local(target):
            return Served(base=target)
        tuned = await to_thread.run_sync(self._tuned.get, target)
        if tuned is None:
            return None
        return Served.model_validate(
            {"base": tuned.base, "kind": tuned.kind, "blob": tuned.blob, "reasoning_effort": tuned.reasoning_effort}
        )


def no_answers(name: str, param: str = "model") -> InvalidRequest:
    """What an embedding model is told that is to answer; `param` names it in the request."""
    return InvalidRequest(
        f"The model '{name}' makes embeddings, and no answers.", param=param, code="model_not_supported"
    )
