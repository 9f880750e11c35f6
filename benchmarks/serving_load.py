"""Many streams at once on the starter model, for minutes: none may be wrong, nothing may be left behind.

Each question is first asked alone: that gives its right answer, and what serving one after the other comes to. Then so
many clients ask at once, each the next question as soon as it has an answer. `python -m benchmarks.serving_load`.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.longrun import children_of, reading_of
from benchmarks.site import site
from benchmarks.streams import Stream, read_stream
from burnish.core.ports import free_port
from burnish.settings import STARTER

Json = Any

NEAR = 0.02
"""Two log-probs that lie so close may change places with the batch."""
ODD_SHARE = 0.05
"""Most answers with temperature that may differ from those alone: a draw at the edge between two tokens."""
GROWTH = 0.10
"""Of resident memory from the first to the last third that is no leak yet."""
TOPICS = ("backups", "encryption", "passwords", "retention", "access logs", "incidents", "vendors", "training")


def questions(count: int) -> list[dict[str, Json]]:
    """Bodies: every other one at temperature 0, the rest drawn from seeds of their own."""
    return [
        {
            "model": STARTER,
            "messages": [{"role": "user", "content": f"Question {number}: what about {TOPICS[number % len(TOPICS)]}?"}],
            "temperature": number % 2,
            "seed": number,
            "max_completion_tokens": 128,
        }
        for number in range(count)
    ]


@dataclass(slots=True)
class Report:
    """What came of it."""

    clients: int
    alone: list[Stream] = field(default_factory=list)
    together: list[tuple[int, Stream]] = field(default_factory=list)
    """Number of the question, and its answer."""
    seconds: float = 0.0
    memory_mib: dict[str, list[float]] = field(default_factory=dict)
    """By process, over the time."""
    left: int = 0
    """Requests that the model's process still knows of when all is over."""
    faults: list[str] = field(default_factory=list)

    @property
    def alone_per_s(self) -> float:
        """Tokens a second, one after the other."""
        return sum(each.tokens for each in self.alone) / sum(each.whole_s for each in self.alone)

    @property
    def together_per_s(self) -> float:
        """Tokens a second, all at once."""
        return sum(each.tokens for _, each in self.together) / self.seconds

    def lines(self) -> list[str]:
        """For people."""
        firsts = [1000 * each.first_s for _, each in self.together]
        cuts = statistics.quantiles(firsts, n=100, method="inclusive")
        alone = statistics.median(1000 * each.first_s for each in self.alone)
        lines = [
            f"{self.clients} clients, {len(self.together)} streams in {self.seconds:.0f} s",
            f"tokens a second: {self.together_per_s:.0f} together, {self.alone_per_s:.0f} one after the other, "
            f"ratio {self.together_per_s / self.alone_per_s:.1f}",
            f"first text: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms (alone: {alone:.0f} ms)",
        ]
        for name, values in self.memory_mib.items():
            lines.append(
                f"memory of {name}: {values[0]:.0f} MiB, {max(values):.0f} at most, {values[-1]:.0f} at the end"
            )
        return [*lines, f"requests left behind: {self.left}"]


async def measure(base_url: str, infer_url: str, pids: dict[str, int], report: Report, *, seconds: float) -> None:
    """Ask alone, ask together, look at what is left."""
    bodies = questions(4 * report.clients)
    await read_stream(base_url, bodies[0])  # loads the model
    report.alone = [await read_stream(base_url, body) for body in bodies]
    turns = itertools.count()
    began = time.perf_counter()

    async def client() -> None:
        while time.perf_counter() < began + seconds:
            number = next(turns) % len(bodies)
            report.together.append((number, await read_stream(base_url, bodies[number])))

    watching = asyncio.ensure_future(_watch(pids, report, seconds / 30))
    await asyncio.gather(*[client() for _ in range(report.clients)])
    report.seconds = time.perf_counter() - began
    watching.cancel()
    report.left = await _left(infer_url)
    report.faults += [fault async for fault in _wrong(base_url, bodies, report)]
    report.faults += list(_leaks(report))


async def _watch(pids: dict[str, int], report: Report, pause_s: float) -> None:
    while True:
        for name, pid in pids.items():
            if (reading := reading_of(pid, 0)) is not None:
                report.memory_mib.setdefault(name, []).append(reading.memory_mib)
        await asyncio.sleep(pause_s)


async def _left(infer_url: str) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        sent_on = await client.post(f"{infer_url}/v1/chat/completions", json={"burnish": {"base": STARTER}})
        health = await client.get(sent_on.headers["location"].replace("/v1/chat/completions", "/health"))
    return int(health.json()["users"])


async def _wrong(base_url: str, bodies: Sequence[dict[str, Json]], report: Report) -> AsyncIterator[str]:
    """Answers that are not those to the same question alone."""
    odd = [(number, got) for number, got in report.together if got.text != report.alone[number].text]
    drawn = [number for number, _ in odd if bodies[number]["temperature"]]
    if len(drawn) > ODD_SHARE * len(report.together) / 2:
        yield f"{len(drawn)} of {len(report.together) / 2:.0f} answers with temperature differ from those alone"
    for number, got in odd:
        if not bodies[number]["temperature"] and not await _is_near(base_url, bodies[number], got.text):
            yield f"question {number} got a wrong answer: {got.text!r}, alone {report.alone[number].text!r}"


async def _is_near(base_url: str, body: dict[str, Json], text: str) -> bool:
    """Whether the answer alone has two likeliest tokens too close to call, no later than where the text leaves it."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        asked = {**body, "logprobs": True, "top_logprobs": 2}
        answer = (await client.post(f"{base_url}/chat/completions", json=asked)).json()
    told = ""
    for entry in answer["choices"][0]["logprobs"]["content"]:
        best = [other["logprob"] for other in entry["top_logprobs"]]
        if len(best) == 2 and abs(best[0] - best[1]) < NEAR:
            return True
        told += entry["token"]
        if not text.startswith(told):
            return False
    return False


def _leaks(report: Report) -> Iterator[str]:
    if report.left:
        yield f"{report.left} requests are left behind"
    for name, values in report.memory_mib.items():
        third = max(1, len(values) // 3)
        before, after = statistics.mean(values[third : 2 * third] or values), statistics.mean(values[-third:])
        if after > before * (1 + GROWTH):
            yield f"{name}: memory grew from {before:.0f} to {after:.0f} MiB"


def run(directory: Path, *, clients: int, seconds: float) -> Report:
    """On a `burnish serve` of its own."""
    infer_url = f"http://127.0.0.1:{free_port('127.0.0.1')}"
    report = Report(clients)
    with site(directory, workers=0, infer_url=infer_url) as there:
        asyncio.run(read_stream(there.base_url, questions(1)[0]))
        [keeper] = children_of(there.server.pid)[:1]
        pids = {"server": there.server.pid, "model": children_of(keeper)[0]}
        asyncio.run(measure(there.base_url, infer_url, pids, report, seconds=seconds))
    return report


def main() -> None:
    """Print the report; any fault ends with exit code 1."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--clients", type=int, default=64)
    flags.add_argument("--seconds", type=float, default=120)
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report = run(Path(directory), clients=given.clients, seconds=given.seconds)
    print("\n".join([*report.lines(), *report.faults]))
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
