"""One run of an eval: rows in, items out, a few at a time, from where an earlier attempt has come to."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from burnish.core.errors import BurnishError, GraderUnavailable, InvalidRequest
from burnish.core.evaluation import Eval, EvalItem, EvalRun, ModelUse, Outcome, Verdict
from burnish.core.ids import derived_id
from burnish.core.rollout import Item
from burnish.evals.answer import Answer, failed, given, sampled
from burnish.evals.criterion import Criterion, Judged, judge
from burnish.evals.item_schema import ItemSchema
from burnish.evals.question import Question
from burnish.evals.rows import Row, Source
from burnish.grade.tools import Chat
from burnish.spec.eval_run import DataSource, JsonlSource
from burnish.store.store import Store

Json = Any
DATA_SOURCE: TypeAdapter[DataSource] = TypeAdapter(DataSource)

COMMIT_ITEMS = 64
"""Most items that are written at a time."""
COMMIT_S = 0.5
"""How often finished items are written down, whatever their number."""
OUTAGE = 32
"""After so many questions in a row that a model did not answer it is asked no more."""
_ROWS = 256


@dataclass(slots=True)
class Conduct:
    """From a claimed run to its last item."""

    run: EvalRun
    made: Eval
    source: Source
    criteria: tuple[Criterion, ...]
    chat: Chat
    store: Store
    slots: asyncio.Semaphore
    """How many answers are sampled and graded at a time, in all runs."""
    _usage: dict[str, ModelUse] = field(default_factory=dict)
    _done: list[EvalItem] = field(default_factory=list)
    _committed: float = field(default_factory=time.monotonic)
    """When something was last written down."""
    _unanswered: int = 0
    """Questions in a row."""

    async def carry_out(self) -> None:
        """Raises `InvalidRequest` for rows that are none, and `LeaseLost` where the run is no longer ours."""
        await asyncio.to_thread(self._look_through)
        done = await asyncio.to_thread(self.store.eval_items.places, self.run.id)
        rows = self._wanted(done)
        running: set[asyncio.Task[EvalItem]] = set()
        try:
            while batch := await asyncio.to_thread(lambda: list(itertools.islice(rows, _ROWS))):
                for row in batch:
                    await self.slots.acquire()
                    task = asyncio.create_task(self._examined(row))
                    task.add_done_callback(lambda _ended: self.slots.release())
                    running.add(task)
                    running = await self._harvest(running, until_all=False)
            await self._harvest(running, until_all=True)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _look_through(self) -> None:
        """All rows, before the first is asked about; how many items there will be."""
        config = self.made.data_source_config
        schema = ItemSchema.of(config["item_schema"], "item_schema") if config["type"] == "custom" else None
        rows = 0
        for row in self.source.rows():
            rows += 1
            if schema is not None and (complaint := schema.complaint(row.item)) is not None:
                raise InvalidRequest(
                    f"Row {row.number} of the data source is no item of the eval's schema: {complaint}",
                    param="data_source.source",
                    code="invalid_eval_item",
                )
        if not rows:
            raise InvalidRequest("The data source has no rows.", param="data_source.source", code="invalid_eval_item")
        self.store.eval_runs.expect(self.run.id, self.run.attempt, rows * self._samples)

    @property
    def _samples(self) -> int:
        data_source = self.source.data_source
        return 1 if isinstance(data_source, JsonlSource) else data_source.samples

    def _wanted(self, done: set[int]) -> Iterator[Row]:
        """A row for every answer that is still to be looked at."""
        for row in self.source.rows():
            for place in range(row.place, row.place + self._samples):
                if place not in done:
                    yield Row(place, row.number, row.item, row.sample)

    async def _harvest(
        self, running: "set[asyncio.Task[EvalItem]]", *, until_all: bool
    ) -> "set[asyncio.Task[EvalItem]]":
        """Write down what is finished; those that are not."""
        while True:
            ended = {task for task in running if task.done()}
            running = running - ended
            self._done += [task.result() for task in ended]
            if self._is_due(is_last=until_all and not running):
                await self._commit()
            if not until_all or not running:
                return running
            await asyncio.wait(running, timeout=COMMIT_S, return_when=asyncio.FIRST_COMPLETED)

    def _is_due(self, *, is_last: bool) -> bool:
        is_long_ago = time.monotonic() - self._committed >= COMMIT_S
        return bool(self._done) and (is_last or is_long_ago or len(self._done) >= COMMIT_ITEMS)

    async def _commit(self) -> None:
        items, usage = self._done, self._usage
        self._done, self._usage, self._committed = [], {}, time.monotonic()
        await asyncio.to_thread(self.store.eval_runs.add, self.run.id, self.run.attempt, Outcome(items, usage))

    async def _examined(self, row: Row) -> EvalItem:
        """The item of a row. Whatever goes wrong with its question or its answer is the item's error."""
        if isinstance(self.source.data_source, JsonlSource) or self.run.model is None:
            answer = given(row.sample)
            return self._item(row, answer, await self._judged(row, answer))
        question = Question(self.source.data_source, self.run.model)
        request = None
        try:
            request = question.request(row, row.place % self._samples)
            return await self._best(row, question)
        except BurnishError as error:
            sample = failed(request, self.run.model, error.code or "server_error", error.message)
            return self._made(row, "error", (), sample)

    async def _best(self, row: Row, question: Question) -> EvalItem:
        """Of `best_of` answers the one that is judged best, of equals the first; its seconds are those of all."""
        best_of = question.data_source.best_of
        first = (row.place % self._samples) * best_of
        found = []
        for seed in range(first, first + best_of):
            answer = await self._answered(question, row, seed)
            found.append((answer, await self._judged(row, answer)))
        answer, judged = max(found, key=lambda pair: pair[1].share)
        seconds = sum(each.shown["seconds"] for each, _ in found)
        return self._item(row, replace(answer, shown={**answer.shown, "seconds": seconds}), judged)

    async def _answered(self, question: Question, row: Row, seed: int) -> Answer:
        request = question.request(row, seed)
        if self._unanswered >= OUTAGE:
            raise GraderUnavailable(
                f"The model '{request.model}' was not asked: it left the {OUTAGE} questions before unanswered.",
                code="model_unavailable",
            )
        began = time.perf_counter()
        try:
            completion = await self.chat.complete(request)
        except GraderUnavailable as error:
            self._unanswered += 1
            raise GraderUnavailable(error.message, code="model_unavailable") from error
        self._unanswered = 0
        answer = sampled(request, completion, time.perf_counter() - began)
        self._use({request.model: answer.use})
        return answer

    async def _judged(self, row: Row, answer: Answer) -> Judged:
        item = Item(line=row.number + 1, messages=(), tools=(), fields=row.item)
        judged = await judge(self.criteria, item, answer.sample)
        self._use(judged.usage)
        return judged

    def _use(self, used: Mapping[str, ModelUse]) -> None:
        for model, use in used.items():
            self._usage[model] = self._usage.get(model, ModelUse()) + use

    def _item(self, row: Row, answer: Answer, judged: Judged) -> EvalItem:
        return self._made(row, judged.status, judged.results, answer.shown)

    def _made(
        self, row: Row, status: Verdict, results: Sequence[Mapping[str, Json]], sample: Mapping[str, Json]
    ) -> EvalItem:
        return EvalItem(
            id=derived_id("outputitem_", self.run.id, row.place),
            run_id=self.run.id,
            place=row.place,
            created_at=int(time.time()),
            row=row.number,
            status=status,
            item=row.item,
            results=results,
            sample=sample,
        )
