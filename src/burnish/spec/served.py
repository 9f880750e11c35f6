"""What the server tells the inference process: which weights answer a request. No part of the public API."""

from typing import Literal

from burnish.spec.base import Spec
from burnish.spec.chat import ChatRequest, Effort


class Served(Spec):
    """The weights behind a model's name, which the server has resolved."""

    base: str
    """A local base or embedding model's name, or its directory."""
    kind: Literal["base", "lora", "full", "embedder"] = "base"
    blob: str | None = None
    """Prefix of the adapter's or the full weights' files in the blobs; None for a base and an embedder."""
    reasoning_effort: Effort = "default"
    """The effort of requests that name none, or "default"."""
    shows_reasoning: bool = False
    """Whether answers bring their reasoning as `reasoning_content`."""

    @property
    def full_blob(self) -> str | None:
        """`blob` of a model with weights of its own, for which it is a base like any other; None for all others."""
        return self.blob if self.kind == "full" else None


class ServedRequest(ChatRequest):
    """A chat request on its way from the server to the inference process; `model` is echoed, `burnish` decides."""

    burnish: Served
