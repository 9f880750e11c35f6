"""The local trainer: learns on the base model's own tensors, with which its sampler speaks at the next moment."""

import asyncio
import json
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from burnish.core.errors import BurnishError
from burnish.core.rollout import Example
from burnish.policy.adapter import Adapter, Route
from burnish.policy.folder import check_folder, write_folder
from burnish.policy.load import Base
from burnish.policy.roles import Abilities, Adam, Artifact, LossStats, PolicyGradient, Snapshot, StepStats
from burnish.policy.sample import LocalSampler
from burnish.policy.score import Scorer

_Result = TypeVar("_Result")

KEPT_BYTES = 256 * 1024 * 1024
"""About the most that a micro-batch keeps for its way back, ..."""
LEAST_TOKENS, MOST_TOKENS = 1024, 4096
"""... between so many packed tokens: fewer are slower, and more are no faster."""
ROWS = 128
"""Most answers sampled at a time: 1.3 times the tokens per second of 64 on the starter, one core."""
BETAS = (0.9, 0.99)
"""The second is longer than the field's 0.95: gradients of single steps differ tenfold (docs/decisions/0007)."""
EPSILON = 1e-8
_STATE_FILE = "state.json"
_TENSOR_FILE = "trainer.safetensors"


class LocalTrainer:
    """Trains an adapter on a base, or the base's own weights. Runs in the base's thread, one call at a time."""

    def __init__(
        self,
        base: Base,
        *,
        parameters: Literal["lora", "full"] = "lora",
        rank: int = 16,
        alpha: float = 32.0,
        seed: int = 0,
        micro_tokens: int | None = None,
        max_rows: int = ROWS,
    ) -> None:
        """`micro_tokens`: packed tokens of a micro-batch; None: as many as `KEPT_BYTES` is room for.

        Gradients and moments are there from the start, below what comes and goes: memory in between could never be
        given back.
        """
        self._base = base
        self._micro_tokens = micro_tokens or min(max(KEPT_BYTES // base.kept_bytes, LEAST_TOKENS), MOST_TOKENS)
        self._max_rows = max_rows
        self._adapter: Adapter | None = None
        self._weights: dict[str, nn.Parameter]
        if parameters == "lora":
            self._adapter = Adapter.fresh(base.routing.targets, rank, alpha, seed)
            self._weights = dict(zip(self._adapter.tensors(), self._adapter.parameters(), strict=True))
        else:
            self._weights = base.network.learn()
        self._optimizer = torch.optim.AdamW(
            list(self._weights.values()), lr=0.0, betas=BETAS, eps=EPSILON, weight_decay=0.0, fused=True
        )
        for weight in self._weights.values():
            weight.grad = torch.zeros_like(weight)
            moments = {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}
            self._optimizer.state[weight] = {"step": torch.zeros(()), **moments}
        self._has_gradient = False
        self._scorer = Scorer(base.network, base.constraints, self._micro_tokens, beat=self._beat)
        self._reference: Scorer | None = None
        self._slots = base.slots()

    @property
    def can(self) -> Abilities:
        """Everything."""
        return Abilities(grammar=True, kl_in_loss=True, exact_resume=True)

    @property
    def policy_version(self) -> int:
        """How many optimizer steps the weights have seen."""
        return self._base.version if self._adapter is None else self._adapter.version

    async def forward(self, examples: Sequence[Example], *, reference: bool = False) -> "list[array[float]]":
        """Log-probs of the output ids, in the order of the examples."""
        return await self._run(lambda: self._forward(examples, reference))

    async def forward_backward(self, examples: Sequence[Example], loss: PolicyGradient) -> LossStats:
        """Add the loss's gradient to what is accumulated."""
        return await self._run(lambda: self._forward_backward(examples, loss))

    async def optim_step(self, adam: Adam) -> StepStats:
        """Clip, step, forget the gradient."""
        return await self._run(lambda: self._optim_step(adam))

    async def sampler(self) -> LocalSampler:
        """Speaks with these very weights."""
        return LocalSampler(self._base, self._adapter, max_rows=self._max_rows, slots=self._slots)

    async def publish(self, directory: Path) -> Artifact:
        """A PEFT directory, or the full model in Hugging Face's layout."""
        return await self._run(lambda: self._publish(directory))

    async def snapshot(self, directory: Path) -> Snapshot:
        """Weights, moments and version; only between optimizer steps."""
        return await self._run(lambda: self._snapshot(directory))

    async def restore(self, snapshot: Snapshot) -> None:
        """Go back; raises where a file is not what was written, or belongs to other weights."""
        await self._run(lambda: self._restore(snapshot))

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._base.thread, work)

    def _beat(self) -> None:
        self._base.beat()

    def _routes(self) -> list[Route]:
        return [] if self._adapter is None else [Route(self._adapter, None)]

    def _forward(self, examples: Sequence[Example], reference: bool) -> "list[array[float]]":
        order = sorted(range(len(examples)), key=lambda index: examples[index].key)
        scorer = self._reference_scorer() if reference else self._scorer
        with self._base.routing.through([] if reference else self._routes()):
            logps = scorer.logps([examples[index] for index in order])
        by_index = dict(zip(order, logps, strict=True))
        return [by_index[index] for index in range(len(examples))]

    def _reference_scorer(self) -> Scorer:
        """Adapter off; under full-weight training a second copy of the base, loaded when first asked for."""
        if self._adapter is not None:
            return self._scorer
        if self._reference is None:
            reference = self._base.again().network
            self._reference = Scorer(reference, self._base.constraints, self._micro_tokens, beat=self._beat)
        return self._reference

    def _forward_backward(self, examples: Sequence[Example], loss: PolicyGradient) -> LossStats:
        self._has_gradient = True
        self._slots.clear()
        self._base.network.put_away()
        with self._base.routing.through(self._routes()):
            return self._scorer.backward(sorted(examples, key=lambda example: example.key), loss)

    def _optim_step(self, adam: Adam) -> StepStats:
        for group in self._optimizer.param_groups:
            group["lr"] = adam.lr
        norm = torch.nn.utils.clip_grad_norm_(list(self._weights.values()), adam.grad_clip)
        if not bool(norm.isfinite()):
            self._forget_gradient()
            raise BurnishError("The gradient is not finite: the learning rate is too high, or a weight has overflowed.")
        self._optimizer.step()
        self._forget_gradient()
        if self._adapter is None:
            self._base.network.refresh()
            self._base.version += 1
        else:
            self._adapter.version += 1
        return StepStats(grad_norm=float(norm), policy_version=self.policy_version)

    def _forget_gradient(self) -> None:
        self._optimizer.zero_grad(set_to_none=False)
        self._has_gradient = False

    def _publish(self, directory: Path) -> Artifact:
        if self._adapter is not None:
            files = self._adapter.write(directory, self._base.name, self._base.routing.is_transposed)
            return Artifact(directory, "lora", files)

        def fill(aside: Path) -> None:
            self._base.model.save_pretrained(aside)
            self._base.tokenizer.save_pretrained(aside)

        return Artifact(directory, "full", write_folder(directory, fill))

    def _snapshot(self, directory: Path) -> Snapshot:
        if self._has_gradient:
            raise BurnishError("A snapshot is taken between optimizer steps, not while a gradient is accumulated.")
        tensors: dict[str, Tensor] = {}
        for name, weight in self._weights.items():
            tensors[f"weight:{name}"] = weight.detach()
            for moment, value in self._optimizer.state[weight].items():
                tensors[f"{moment}:{name}"] = value
        state = {"version": self.policy_version, "parameters": "full" if self._adapter is None else "lora"}

        def fill(aside: Path) -> None:
            save_file(tensors, aside / _TENSOR_FILE)
            (aside / _STATE_FILE).write_text(json.dumps(state) + "\n")

        return Snapshot(directory, write_folder(directory, fill))

    def _restore(self, snapshot: Snapshot) -> None:
        check_folder(snapshot.directory, snapshot.files)
        state: dict[str, Any] = json.loads((snapshot.directory / _STATE_FILE).read_text())
        tensors = load_file(snapshot.directory / _TENSOR_FILE)
        names = {name.removeprefix("weight:") for name in tensors if name.startswith("weight:")}
        if names != set(self._weights):
            raise BurnishError(f"{snapshot.directory} was taken of other weights than this trainer's.")
        self._forget_gradient()
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(tensors[f"weight:{name}"])
                for moment, value in self._optimizer.state[weight].items():
                    kept = tensors.get(f"{moment}:{name}")  # before the first step older versions kept none
                    value.zero_() if kept is None else value.copy_(kept)
        if self._adapter is None:
            self._base.network.refresh()
            self._base.version = int(state["version"])
        else:
            self._adapter.version = int(state["version"])
