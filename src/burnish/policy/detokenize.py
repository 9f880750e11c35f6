"""Ids to text as they come, never cutting a character in two."""

from typing import Any

_INCOMPLETE = "�"
"""What a decoder puts for bytes that are no character, or not yet."""


class Detokenizer:
    """Joined, the pieces are the text of all ids; each comes out with the id that completes its characters."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._before: list[int] = []
        """Ids of the last piece: some decoders look at the token before."""
        self._pending: list[int] = []
        """Ids whose text has not come out."""

    def push(self, token: int) -> str:
        """The text that this id completes; empty as long as a character's bytes are missing."""
        self.hold(token)
        text = self._text()
        if not text or text.endswith(_INCOMPLETE):
            return ""
        self._before, self._pending = self._pending, []
        return text

    def hold(self, token: int) -> None:
        """Take an id whose text may come later."""
        self._pending.append(token)

    def flush(self) -> str:
        """What is left at the end: text whose last bytes are no character."""
        text = self._text() if self._pending else ""
        self._before, self._pending = self._pending, []
        return text

    def _text(self) -> str:
        return self._decode(self._before + self._pending)[len(self._decode(self._before)) :]

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
