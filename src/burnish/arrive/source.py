"""The server that records are taken from, through the official client: its retries, and bodies as they were sent.

What one object lacks is a `NotGiven`, and the import goes on. What would befall every other object too ends it: no
connection, a key that is refused, a limit that is spent.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import httpx2
import openai

from burnish.core.errors import InvalidKey, NotGiven, Unavailable

Json = Any
PIECE_BYTES = 1024 * 1024
RETRIES = 5
_TIMEOUT_S = 120.0
FAILURES = 10
"""After so many failures in a row the server is taken to be down."""
_AGAIN = "Run the same command again: it goes on from there."
_SHOWN = 300
"""Characters of an answer that are told."""


@dataclass(slots=True)
class Source:
    """An OpenAI-compatible server."""

    api: openai.OpenAI
    _failures: int = field(default=0, init=False)
    """Answers in a row that say that the server failed, each after all retries."""

    @classmethod
    def at(cls, base_url: str, api_key: str, retries: int = RETRIES) -> "Source":
        """The server at an address, up to and including /v1."""
        return cls(openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=retries, timeout=_TIMEOUT_S))

    @property
    def name(self) -> str:
        """Its address."""
        return str(self.api.base_url).rstrip("/")

    def close(self) -> None:
        """Close its connections."""
        self.api.close()

    def object(self, path: str, **params: Json) -> dict[str, Json]:
        """The JSON object at a path. Raises `NotGiven`, `InvalidKey` and `Unavailable`."""
        with self._told(path):
            answer = self.api.get(path, cast_to=httpx2.Response, options={"params": params})
        try:
            body = json.loads(answer.content, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise NotGiven(f"{path} answered what is no JSON: {error}.") from error
        if not isinstance(body, dict):
            raise NotGiven(f"{path} answered what is no object: {_shown(answer.text)}")
        return body

    def pages(self, path: str, *, limit: int, after: str | None = None, order: str | None = None) -> Iterator[Json]:
        """The objects of a list, a page at a time, each a list of objects. Raises as `object` does."""
        asked = {"limit": limit} | ({"order": order} if order is not None else {})
        while True:
            body = self.object(path, **asked, **({"after": after} if after is not None else {}))
            page = body.get("data")
            if not isinstance(page, list) or not all(map(_has_id, page)):
                raise NotGiven(f"{path} answered what is no list of objects with ids: {_shown(json.dumps(body))}")
            if after is not None and any(each["id"] == after for each in page):
                raise NotGiven(f"{path} gives the page again that '{after}' ended; the rest of the list is not given.")
            yield page
            if not page or not body.get("has_more"):
                return
            after = page[-1]["id"]

    def content(self, file_id: str) -> Iterator[bytes]:
        """A file's bytes in pieces. Raises as `object` does."""
        path = f"/files/{file_id}/content"
        with self._told(path), self.api.files.with_streaming_response.content(file_id) as answer:
            yield from answer.iter_bytes(PIECE_BYTES)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
            self._failures = 0
        except openai.AuthenticationError as error:
            raise InvalidKey(f"{self.name} refuses the key: {_message(error)}") from error
        except openai.RateLimitError as error:
            raise Unavailable(f"{self.name} allows no more requests for now: {_message(error)} {_AGAIN}") from error
        except openai.APIStatusError as error:
            self._failures = self._failures + 1 if error.status_code >= 500 else 0
            if self._failures >= FAILURES:
                raise Unavailable(f"{self.name} failed {FAILURES} times in a row. {_AGAIN}") from error
            raise NotGiven(f"{path} answered {error.status_code}: {_message(error)}") from error
        except (openai.APIConnectionError, httpx2.TransportError) as error:
            cause = error.__cause__ or error
            raise Unavailable(f"{self.name} does not answer ({type(cause).__name__}). {_AGAIN}") from error


def _has_id(body: Json) -> bool:
    return isinstance(body, dict) and isinstance(body.get("id"), str)


def _message(error: openai.APIStatusError) -> str:
    """What the server says, whatever the shape it says it in."""
    body = error.body
    said = body.get("message") if isinstance(body, dict) else body
    return _shown(str(said or error.response.reason_phrase))


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON value")
