"""Forces lengths of answers in transformers' `generate`, row by row."""

from collections.abc import Sequence

import torch
from transformers import LogitsProcessor


class Ends(LogitsProcessor):  # type: ignore[misc]  # transformers is not typed for mypy
    """Forbids the end token before a row's length and draws it there."""

    def __init__(self, end_id: int, lengths: Sequence[int], prompt_tokens: int) -> None:
        self._end_id = end_id
        self._lengths_R = torch.tensor(lengths)
        self._prompt_tokens = prompt_tokens

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of the next token, [rows, vocabulary]."""
        scores[:, self._end_id] = -torch.inf
        last = (self._lengths_R == input_ids.shape[1] - self._prompt_tokens + 1).nonzero()[:, 0]
        if len(last):
            scores[last] = -torch.inf
            scores[last, self._end_id] = 0.0
        return scores


def answer_tokens(ids_RT: torch.Tensor, end_id: int) -> int:
    """Tokens of all answers up to and with each one's first end token."""
    ended_RT = (ids_RT == end_id).cumsum(1)
    return int(((ended_RT == 0) | ((ended_RT == 1) & (ids_RT == end_id))).sum())
