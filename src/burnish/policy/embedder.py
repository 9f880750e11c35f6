"""An embedding model in memory: texts become vectors, read, pooled and normed by `sentence-transformers`.

An optional extra of the package: only a process that serves embeddings imports this. D counts dimensions.
"""

from functools import lru_cache
from pickle import UnpicklingError
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer
from transformers.utils.logging import disable_progress_bar

from burnish.core.errors import InvalidRequest

_UNFIT = (
    OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, EOFError, SafetensorError,
    UnpicklingError,
)  # fmt: skip
"""What the library raises over files that are not whole, or not its own."""
KEPT = 4096
"""Texts whose vectors are kept: a job's references come again with every answer."""


class Embedded(NamedTuple):
    """A text's vector, of length 1, [D], and how many tokens it was read as."""

    vector_D: NDArray[np.float32]
    tokens: int

    def shortened(self, dimensions: int) -> NDArray[np.float32]:
        """Its first dimensions, brought to length 1 again (arXiv:2205.13147)."""
        if dimensions >= len(self.vector_D):
            return self.vector_D
        vector_D = self.vector_D[:dimensions]
        return vector_D / max(np.linalg.norm(vector_D), np.finfo(np.float32).tiny)


class Embedder:
    """One model; for one thread at a time.

    Each text goes through it alone, so that the bits of its vector hang on nothing else, and rewards by cosine are the
    same whenever they are computed.
    """

    def __init__(self, model: SentenceTransformer) -> None:
        width = model.get_embedding_dimension()
        if width is None or set(model.modalities) != {"text"}:
            raise ValueError("it is no model that makes vectors of text alone")
        self.dimensions: int = width
        """D."""
        self._model = model
        self._prompt = model.prompts.get(model.default_prompt_name or "") or ""
        """Stands before every text, by the model's own configuration."""
        if isinstance(model.tokenizer, Tokenizer):
            model.tokenizer.no_truncation()
        self.embed = lru_cache(KEPT)(self._embed)
        """The vector of a text. Raises `InvalidRequest` for one longer than the model reads."""

    @classmethod
    def load(cls, source: str, threads: int) -> "Embedder":
        """From a directory, or what was downloaded under a hub name: nothing is fetched.

        Raises `InvalidRequest` for what `sentence-transformers` does not read.
        """
        torch.set_num_threads(threads)
        disable_progress_bar()
        try:
            return cls(SentenceTransformer(source, local_files_only=True))
        except _UNFIT as error:
            reason = str(error).rstrip(".")
            raise InvalidRequest(
                f"'{source}' cannot be loaded as an embedding model: {reason}. It must be a directory that "
                "sentence-transformers reads, or a hub name that was downloaded before.",
                param="model",
            ) from error

    def _embed(self, text: str) -> Embedded:
        tokens, most = self._count(text), self._model.max_seq_length
        if most is not None and tokens > most:
            raise InvalidRequest(
                f"A text has {tokens} tokens, and the model reads {most}: '{text[:40]}...'.",
                param="input",
                code="context_length_exceeded",
            )
        vector_D = self._model.encode(text, normalize_embeddings=True, show_progress_bar=False)
        return Embedded(np.asarray(vector_D, np.float32), tokens)

    def _count(self, text: str) -> int:
        tokenizer = self._model.tokenizer
        if isinstance(tokenizer, Tokenizer):  # of a static model
            return len(tokenizer.encode(self._prompt + text, add_special_tokens=False).ids)
        return len(tokenizer(self._prompt + text, truncation=False, verbose=False)["input_ids"])
