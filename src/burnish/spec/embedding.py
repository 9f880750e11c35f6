"""Embeddings: the request."""

from typing import Annotated, Literal

from pydantic import Field

from burnish.spec.base import LenientSpec
from burnish.spec.served import Served

Text = Annotated[str, Field(min_length=1)]
Ids = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
MOST_INPUTS = 2048


class EmbeddingRequest(LenientSpec):
    """The body of POST /embeddings."""

    model: str
    input: (
        Text
        | Ids
        | Annotated[list[Text], Field(min_length=1, max_length=MOST_INPUTS)]
        | Annotated[list[Ids], Field(min_length=1, max_length=MOST_INPUTS)]
    )
    """One or several texts, or their tokens' ids."""
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(default=None, ge=1)
    user: str | None = None


class ServedEmbedding(EmbeddingRequest):
    """The same on its way from the server to the inference process; `model` is echoed, `burnish` decides."""

    burnish: Served
