"""An OpenAI-compatible embeddings endpoint, seen as an Embedder."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2

from burnish.core.errors import BurnishError, GraderUnavailable, InvalidRequest
from burnish.remote.endpoint import Endpoint
from burnish.settings import Remote

Json = Any


class RemoteEmbedder:
    """One embedding model at one endpoint, as patient as `Endpoint`. Lives in one event loop."""

    def __init__(
        self,
        settings: Remote,
        name: str,
        *,
        extra: Mapping[str, Json] | None = None,
        client: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`name` is the model's name here; with `extra` in every body it is our own inference process.

        `client`, instead of one made for the endpoint, is closed with the embedder.
        """
        self._extra = extra or {}
        self._client = client
        is_ours = extra is not None
        self._endpoint = Endpoint(settings, name, client=client, faults_pass=not is_ours, sleep=sleep)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order, all of one length.

        Raises `GraderUnavailable` where the endpoint failed us, `InvalidRequest` where it refused the texts.
        """
        body = {"input": list(texts), "encoding_format": "float", **self._extra}
        try:
            async with self._endpoint.slots:
                response = await self._endpoint.answer("/embeddings", body)
            return _vectors(self._endpoint.object_of(response.content), len(texts))
        except InvalidRequest:
            raise
        except (BurnishError, ValueError) as error:
            raise GraderUnavailable(f"Embedding model '{self._endpoint.name}' gave no answer: {error}") from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._endpoint.aclose()
        if self._client is not None:
            await self._client.aclose()


def _vectors(answer: dict[str, Json], count: int) -> list[list[float]]:
    """Raises `ValueError` where the answer is not what was asked for."""
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        vectors = [[float(value) for value in row["embedding"]] for row in rows]
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("the answer is no list of embeddings.") from error
    if len(vectors) != count or len({len(vector) for vector in vectors}) > 1:
        raise ValueError(f"{len(vectors)} vectors came for {count} texts, or they differ in length.")
    return vectors
