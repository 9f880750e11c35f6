"""LoRA adapters (arXiv:2106.09685) of our own: several at once on one base, each token through at most one of them.

A linear layer y = W x becomes y = W x + alpha / rank * B (A x). The base's modules, names and weights stay as they are;
"adapter off" is a pass without a route. On disk an
adapter is a PEFT directory (adapter_config.json, adapter_model.safetensors) that peft, vLLM and transformers load.

Letters: N packed tokens, I input features, O output features, r rank.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from burnish.core.errors import InvalidRequest
from burnish.policy.folder import write_folder

_PREFIX = "base_model.model."
CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"


@dataclass(frozen=True, slots=True)
class Factors:
    """An adapter's part on one linear layer."""

    a_rI: nn.Parameter
    b_Or: nn.Parameter


class Adapter:
    """One set of factors."""

    def __init__(self, rank: int, alpha: float, factors: Mapping[str, Factors], version: int = 0) -> None:
        self.rank = rank
        self.alpha = alpha
        self.factors = factors
        """Linear layer's name in the model -> its factors."""
        self.version = version
        """How many optimizer steps it has seen."""

    @property
    def scale(self) -> float:
        """What the low-rank product is multiplied with."""
        return self.alpha / self.rank

    def parameters(self) -> list[nn.Parameter]:
        """Every factor, by layer name, A before B."""
        return [part for name in sorted(self.factors) for part in (self.factors[name].a_rI, self.factors[name].b_Or)]

    @classmethod
    def fresh(cls, targets: Mapping[str, tuple[int, int]], rank: int, alpha: float, seed: int) -> "Adapter":
        """One that changes nothing yet: A drawn as PEFT draws it (Kaiming uniform, a = sqrt 5), B zero.

        `targets`: linear layer's name -> (input features, output features).
        """
        draws = torch.Generator().manual_seed(seed)
        factors: dict[str, Factors] = {}
        for name in sorted(targets):
            features, out = targets[name]
            bound = features**-0.5
            a_rI = torch.empty(rank, features).uniform_(-bound, bound, generator=draws)
            factors[name] = Factors(nn.Parameter(a_rI), nn.Parameter(torch.zeros(out, rank)))
        return cls(rank, alpha, factors)

    @classmethod
    def read(cls, directory: Path, targets: Mapping[str, tuple[int, int]]) -> "Adapter":
        """A PEFT directory; raises `InvalidRequest` where it does not fit the model, is no plain LoRA or is damaged."""
        try:
            config = json.loads((directory / CONFIG_FILE).read_text())
            tensors = load_file(directory / WEIGHTS_FILE)
        except (ValueError, SafetensorError) as error:
            raise InvalidRequest(f"{directory} cannot be read: {error}", param="model") from error
        if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("bias", "none") != "none":
            raise InvalidRequest(f"{directory} is not a plain LoRA adapter.", param="model")
        factors: dict[str, Factors] = {}
        for key, a_rI in tensors.items():
            if not key.endswith(".lora_A.weight"):
                continue
            name = key.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
            b_Or = tensors[key.replace(".lora_A.", ".lora_B.")]
            if targets.get(name) != (a_rI.shape[1], b_Or.shape[0]):
                raise InvalidRequest(f"{directory}: {name} does not fit this base model.", param="model")
            factors[name] = Factors(nn.Parameter(a_rI.float()), nn.Parameter(b_Or.float()))
        if 2 * len(factors) != len(tensors):
            raise InvalidRequest(f"{directory} holds more than LoRA factors of linear layers.", param="model")
        return cls(int(config["r"]), float(config["lora_alpha"]), factors)

    def write(self, directory: Path, base_name: str, transposed: bool = False) -> dict[str, str]:
        """Write it in PEFT's layout; file name -> sha256. `transposed`: the base has GPT-2's Conv1D layers."""
        config = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base_name,
            "r": self.rank,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": transposed,
            "inference_mode": True,
            "use_rslora": False,
            "use_dora": False,
            "target_modules": sorted({name.rsplit(".", 1)[-1] for name in self.factors}),
        }

        def fill(aside: Path) -> None:
            (aside / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n")
            save_file(self.tensors(), aside / WEIGHTS_FILE, metadata={"format": "pt"})

        return write_folder(directory, fill)

    def tensors(self) -> dict[str, Tensor]:
        """Every factor by its key in PEFT's file."""
        named: dict[str, Tensor] = {}
        for name in sorted(self.factors):
            named[f"{_PREFIX}{name}.lora_A.weight"] = self.factors[name].a_rI.detach()
            named[f"{_PREFIX}{name}.lora_B.weight"] = self.factors[name].b_Or.detach()
        return named


@dataclass(frozen=True, slots=True)
class Route:
    """Which packed tokens go through an adapter."""

    adapter: Adapter
    token_index: Tensor | None
    """Index into N; None: all of them."""
    room: int = 0
    """Fewest rows that the products of indexed tokens are made of: of one shape, whoever else is there."""


class Routing:
    """The adapters in force during a forward pass of one model."""

    def __init__(self, model: Any) -> None:
        self.routes: Sequence[Route] = ()
        """Those in force."""
        self.targets: dict[str, tuple[int, int]] = {}
        """The layers that take adapters: every linear one but embeddings and output head."""
        self.is_transposed = False
        """Whether they are GPT-2's Conv1D, whose weight stands the other way."""
        head = model.get_output_embeddings()
        for name, module in model.named_modules():
            if module is head or not isinstance(module, nn.Linear | Conv1D):
                continue
            if isinstance(module, Conv1D):
                self.is_transposed = True
                self.targets[name] = (module.nx, module.nf)
            else:
                self.targets[name] = (module.in_features, module.out_features)

    def hook(self, model: Any) -> None:
        """Let the routes act on the model's own forward pass."""
        for name, module in model.named_modules():
            if name in self.targets:
                module.register_forward_hook(self._hook(name))

    @contextmanager
    def through(self, routes: Sequence[Route]) -> Iterator[None]:
        """Send the tokens of the passes inside through these adapters; without any, the base alone speaks."""
        before, self.routes = self.routes, routes
        try:
            yield
        finally:
            self.routes = before

    def _hook(self, name: str) -> Any:
        def add(module: nn.Module, inputs: tuple[Tensor], out_1NO: Tensor) -> Tensor | None:
            if not self.routes:
                return None
            input_NI, out_NO = inputs[0].flatten(0, -2), out_1NO.flatten(0, -2)
            for route in self.routes:
                if (factors := route.adapter.factors.get(name)) is not None:
                    out_NO = _add(out_NO, input_NI, factors, route)
            return out_NO.view(out_1NO.shape)

        return add


def _add(out_NO: Tensor, input_NI: Tensor, factors: Factors, route: Route) -> Tensor:
    """The layer's output with one adapter's share added to its tokens."""
    scale = route.adapter.scale
    if route.token_index is None:
        return torch.addmm(out_NO, F.linear(input_NI, factors.a_rI), factors.b_Or.t(), alpha=scale)
    low_Pr = F.linear(input_NI[route.token_index], factors.a_rI)
    return out_NO.index_add(0, route.token_index, F.linear(low_Pr, factors.b_Or), alpha=scale)
