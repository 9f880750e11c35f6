"""What the chunks of a stream say, and how several become one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Json = Any


class News(NamedTuple):
    """What a chunk says of one choice."""

    number: int
    delta: dict[str, Json]
    finish: str | None = None
    logprobs: dict[str, Json] | None = None

    def followed_by(self, other: "News") -> "News":
        """Both of them, of text alone."""
        entries = [each.logprobs for each in (self, other) if each.logprobs is not None]
        logprobs = {
            "content": [entry for each in entries for entry in each["content"]],
            "refusal": None,
        }
        delta = {"content": self.delta["content"] + other.delta["content"]}
        return News(self.number, delta, None, logprobs if entries else None)


def joined(told: Sequence[News]) -> list[News]:
    """Pieces of text that follow one another in a choice, as one."""
    found: list[News] = []
    last: dict[int, int] = {}
    """Number of a choice -> place of what was told of it last."""
    for news in told:
        place = last.get(news.number)
        if place is not None and found[place].delta.keys() == news.delta.keys() == {"content"}:
            found[place] = found[place].followed_by(news)
        else:
            last[news.number] = len(found)
            found.append(news)
    return found
