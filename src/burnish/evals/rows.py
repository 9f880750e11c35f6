"""Where a run's rows come from, one after the other, whatever holds them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from burnish.core.errors import InvalidRequest
from burnish.core.evaluation import EvalRun
from burnish.core.records import Exchange
from burnish.evals.job_items import items_of
from burnish.spec.eval_run import (
    DataSource,
    FileContent,
    FileId,
    JsonlSource,
    StoredCompletions,
    StoredResponses,
    StoredRun,
)
from burnish.store.blobs import Blobs
from burnish.store.files import file_blob, file_missing
from burnish.store.store import Store

Json = Any
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """What an item is made from."""

    place: int
    """See `EvalItem.place`; of a row that is still to be answered, that of its first answer."""
    number: int
    """From 0, in the order of the source."""
    item: Mapping[str, Json]
    sample: Mapping[str, Json] | None
    """The answer that came with it."""


@dataclass(frozen=True, slots=True)
class Source:
    """The rows of a run. They can be walked through again and are the same ones then."""

    run: EvalRun
    data_source: DataSource
    store: Store
    """As the run's project sees it."""
    blobs: Blobs

    def rows(self) -> Iterator[Row]:
        """All of them. Raises `InvalidRequest` for a line that is none, or a source that has gone."""
        source = self.data_source.source
        found: Iterator[tuple[Mapping[str, Json], Mapping[str, Json] | None]]
        match source:
            case FileContent():
                found = ((row.item, row.sample) for row in source.content)
            case FileId():
                found = self._lines(source.id)
            case StoredCompletions() | StoredResponses():
                found = (_of_exchange(each) for each in self._exchanges(source))
            case StoredRun():
                yield from self._of_run(source.id)
                return
            case _:
                assert_never(source)
        samples = 1 if isinstance(self.data_source, JsonlSource) else self.data_source.samples
        for number, (item, sample) in enumerate(found):
            yield Row(number * samples, number, item, sample)

    def _lines(self, file_id: str) -> Iterator[tuple[Mapping[str, Json], Mapping[str, Json] | None]]:
        if self.store.files.get(file_id) is None:
            raise file_missing(file_id, "data_source.source.id")
        for number, line in enumerate(lines(self.blobs.stream(file_blob(file_id))), start=1):
            if line.strip():
                yield _parsed(line, number, file_id)

    def _of_run(self, run_id: str) -> Iterator[Row]:
        for each in items_of(self.store.eval_runs.require(run_id), self.store, self.blobs):
            yield Row(each.place, each.row, each.item, each.sample)

    def _exchanges(self, source: StoredCompletions | StoredResponses) -> Iterator[Exchange]:
        """Oldest first, those of before the run was made."""
        left = source.limit if isinstance(source, StoredCompletions) else None
        after: str | None = None
        while True:
            page = self.store.exchanges.page(
                "chat.completion" if isinstance(source, StoredCompletions) else "response",
                after=after,
                limit=_PAGE,
                model=source.model,
                metadata=source.metadata,
            )
            for exchange in page.items:
                if self._is_wanted(exchange, source):
                    if left == 0:
                        return
                    left = None if left is None else left - 1
                    yield exchange
            if not page.has_more:
                return
            after = page.items[-1].id

    def _is_wanted(self, exchange: Exchange, source: StoredCompletions | StoredResponses) -> bool:
        first, last = source.created_after, source.created_before
        if not (first or 0) <= exchange.created_at <= min(self.run.created_at, last or self.run.created_at):
            return False
        return isinstance(source, StoredCompletions) or _fits(exchange, source)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a file that comes in pieces."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _parsed(line: bytes, number: int, file_id: str) -> tuple[dict[str, Json], dict[str, Json] | None]:
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise _bad_line(file_id, number, f"is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise _bad_line(file_id, number, "is no JSON object")
    if "item" not in row or not row.keys() <= {"item", "sample"}:
        return row, None
    item, sample = row["item"], row.get("sample")
    if not isinstance(item, dict) or not (sample is None or isinstance(sample, dict)):
        raise _bad_line(file_id, number, "must hold objects under 'item' and 'sample'")
    return item, sample


def _bad_line(file_id: str, number: int, why: str) -> InvalidRequest:
    message = f"Line {number} of file '{file_id}' {why}."
    return InvalidRequest(message, param="data_source.source.id", code="invalid_eval_item")


def _of_exchange(exchange: Exchange) -> tuple[dict[str, Json], dict[str, Json]]:
    """What was asked as the item, what was answered as the sample."""
    answer = exchange.answer
    item = {"id": exchange.id, "model": exchange.model, "metadata": dict(exchange.metadata or {})}
    if exchange.kind == "response":
        asked = {"input": exchange.request["input"], "instructions": answer.get("instructions")}
        return item | asked, {"model": exchange.model, "output": _output_of(answer)}
    message = answer["choices"][0]["message"] if answer["choices"] else {"role": "assistant", "content": ""}
    return item | {"input": exchange.request["messages"]}, {"model": exchange.model, "output": [message]}


def _output_of(answer: Mapping[str, Json]) -> list[dict[str, Json]]:
    """A response's items as one message."""
    parts = [part for item in answer["output"] if item["type"] == "message" for part in item["content"]]
    text = "".join(part.get("text", "") for part in parts)
    calls = [
        {"id": item["call_id"], "type": "function", "function": {"name": item["name"], "arguments": item["arguments"]}}
        for item in answer["output"]
        if item["type"] == "function_call"
    ]
    return [{"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})]


def _fits(exchange: Exchange, source: StoredResponses) -> bool:
    answer = exchange.answer
    effort = (answer.get("reasoning") or {}).get("effort")
    names = {tool.get("name") for tool in answer.get("tools") or ()}
    pairs = [
        (source.reasoning_effort, effort),
        (source.temperature, answer.get("temperature")),
        (source.top_p, answer.get("top_p")),
    ]
    return (
        all(wanted is None or wanted == found for wanted, found in pairs)
        and (source.instructions_search or "").lower() in (answer.get("instructions") or "").lower()
        and set(source.tools or ()) <= names
        and (source.users is None or answer.get("user") in source.users)
    )
