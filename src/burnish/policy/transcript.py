"""The tokens of one answer with their log-probs, in the shape of chat's `logprobs`."""

from typing import Any

from burnish.policy.reading import Reading
from burnish.policy.row import Token
from burnish.policy.vocabulary import Vocabulary

Json = Any


class Transcript:
    """Keeps what may be shown: no reasoning, no stop token, and nothing of a stop string. Tool calls are part of it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._entries: list[dict[str, Json]] = []
        self._starts: list[int] = []
        """Where each begins, in bytes of the answer."""
        self._length = 0
        self._shown = 0
        """Entries that were shown."""

    def push(self, token: Token, *, is_reasoning: bool) -> None:
        """Take the next token; its odds must have been asked for."""
        assert token.odds is not None
        if is_reasoning or token.id in self._vocabulary.stop_ids:
            return
        entry = self._entry(token.id, token.odds.logprob)
        entry["top_logprobs"] = [self._entry(each, logprob) for each, logprob in token.odds.likeliest]
        self._entries.append(entry)
        self._starts.append(self._length)
        self._length += len(entry["bytes"])

    def shown(self, reading: Reading, *, is_last: bool) -> dict[str, Json] | None:
        """Those of what was shown since; at an answer's own end all that are left. None: nothing new."""
        first, length = self._shown, len(reading.text.encode())
        is_whole = is_last and not reading.is_over
        while self._shown < len(self._entries) and (is_whole or self._starts[self._shown] < length):
            self._shown += 1
        new = self._entries[first : self._shown]
        return {"content": new, "refusal": None} if new else None

    def whole(self) -> dict[str, Json]:
        """All that were shown."""
        return {"content": self._entries[: self._shown], "refusal": None}

    def _entry(self, token: int, logprob: float) -> dict[str, Json]:
        spelt = self._vocabulary.guide.decode_bytes([token])
        text = spelt.decode("utf-8", "replace")
        return {"token": text, "logprob": logprob, "bytes": list(spelt)}
