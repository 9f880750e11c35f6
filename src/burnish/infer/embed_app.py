"""The HTTP side of an embedding model's process, for the server on the same machine, and nobody else."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Request

from burnish.core.errors import InvalidRequest
from burnish.core.hangup import unless_gone
from burnish.infer.refusal import bare_app
from burnish.policy.embedder import Embedded, Embedder
from burnish.settings import Settings
from burnish.spec.embedding import EmbeddingRequest, ServedEmbedding

Json = Any
T = TypeVar("T")


class Desk:
    """The models that were asked for, worked by one thread; lives in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: dict[str, asyncio.Future[Embedder]] = {}
        """By directory or hub name; all who come meanwhile wait for one loading."""
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")
        self.users = 0
        """Requests that wait for an answer."""

    async def answer(self, request: ServedEmbedding) -> dict[str, Json]:
        """OpenAI's answer.

        Raises `InvalidRequest` for a model that cannot be loaded, tokens' ids, a text too long, too many dimensions.
        """
        texts = _texts_of(request)
        self.users += 1
        try:
            embedder = await self._embedder(self._settings.models.source(request.burnish.base))
            dimensions = request.dimensions or embedder.dimensions
            if dimensions > embedder.dimensions:
                raise InvalidRequest(
                    f"The model's vectors have {embedder.dimensions} dimensions, not {dimensions}.", param="dimensions"
                )
            # One by one: the texts of several requests take turns, and nothing is done for those who have hung up.
            found = [await self._in_thread(embedder.embed, text) for text in texts]
        finally:
            self.users -= 1
        used = sum(each.tokens for each in found)
        return {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _written(each, dimensions, request)}
                for index, each in enumerate(found)
            ],
            "model": request.model,
            "usage": {"prompt_tokens": used, "total_tokens": used},
        }

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _embedder(self, source: str) -> Embedder:
        loaded = self._loaded.get(source)
        if loaded is None or (loaded.done() and loaded.exception() is not None):
            self._loaded[source] = self._in_thread(Embedder.load, source, self._settings.training.threads)
        # Whoever asked first may hang up; the others still wait.
        return await asyncio.shield(self._loaded[source])

    def _in_thread(self, act: Callable[..., T], *given: Any) -> "asyncio.Future[T]":
        return asyncio.get_running_loop().run_in_executor(self._thread, act, *given)


def create_app(desk: Desk) -> FastAPI:
    """The app over a desk; closing the app closes the desk."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None, None]:
        yield
        desk.close()

    app = bare_app("Burnish embeddings", lifespan)

    @app.get("/health")
    async def health() -> dict[str, Json]:
        return {"status": "ok", "users": desk.users}

    @app.post("/v1/embeddings")
    async def embeddings(body: ServedEmbedding, request: Request) -> dict[str, Json]:
        return await unless_gone(desk.answer(body), request.receive)

    return app


def _texts_of(request: EmbeddingRequest) -> list[str]:
    given = [request.input] if isinstance(request.input, str) else request.input
    texts = [text for text in given if isinstance(text, str)]
    if len(texts) < len(given):
        raise InvalidRequest(
            "The model takes texts, no tokens' ids: those of another model's tokenizer mean nothing to it. "
            "LangChain sends texts with OpenAIEmbeddings(check_embedding_ctx_length=False).",
            param="input",
        )
    return texts


def _written(embedded: Embedded, dimensions: int, request: EmbeddingRequest) -> list[float] | str:
    vector_D = embedded.shortened(dimensions)
    if request.encoding_format == "base64":
        return base64.b64encode(vector_D.astype("<f4").tobytes()).decode()
    return [float(value) for value in vector_D]
