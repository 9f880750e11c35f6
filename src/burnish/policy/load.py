"""A base model, loaded once and shared by sampler, trainer and judge."""

import json
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import cached_file

from burnish.core.errors import InvalidRequest
from burnish.policy.adapter import Routing
from burnish.policy.attention import IMPLEMENTATION, register
from burnish.policy.constraint import Constraints
from burnish.policy.decoder import Decoder, is_ours
from burnish.policy.kernels.kernels import Kernels
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.slots import NativeSlots
from burnish.policy.network import HookedNetwork, Network, kept_bytes
from burnish.policy.pack import pack
from burnish.policy.render import Renderer
from burnish.policy.slots import PlainSlots, Size, Slots
from burnish.policy.tree import tree_attention
from burnish.policy.vocabulary import Vocabulary
from burnish.settings import STARTER, starter_directory

_Result = TypeVar("_Result")

RECIPE_FILE = "recipe.json"


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is known of a base model: the learning rates that "auto" means, and how long its answers are at most."""

    lora_lr: float
    full_lr: float
    reasoning_tokens: int | None = None
    """Most reasoning tokens of an answer at any effort, for a model known to think briefly; None: no such limit."""
    answer_tokens: int | None = None
    """Most tokens after the reasoning."""

    @classmethod
    def by_size(cls, hidden_size: int) -> "Recipe":
        """The rule for a model that brings no recipe: LoRA 1e-4 at width 1024, more below, less above; full a tenth.

        clip(1e-4 * (1024 / hidden) ** 1.2, 1e-5, 5e-4), docs/engine.md, recipe.
        """
        lora = min(max(1e-4 * (1024 / hidden_size) ** 1.2, 1e-5), 5e-4)
        return cls(lora, lora / 10)


Dtype = Literal["auto", "float32", "bfloat16", "float64"]
"""Of weights and activations. `auto`: bfloat16 where the processor multiplies it, else float32."""


class Base:
    """A causal LM in memory, with everything that belongs to it."""

    def __init__(
        self,
        name: str,
        source: str,
        model: Any,
        tokenizer: Any,
        recipe: Recipe | None,
        network: Network,
        routing: Routing,
    ) -> None:
        config = model.config.get_text_config()
        self.name = name
        self.source = source
        """Directory or hub name that it was loaded from."""
        self.model = model
        self.tokenizer = tokenizer
        self.context: int = config.max_position_embeddings
        """Most tokens of prompt and answer together."""
        self.layers: int = config.num_hidden_layers
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        self._size = Size(self.layers, heads, network.head_size, network.dtype)
        self.token_bytes: int = 2 * network.dtype.itemsize * self.layers * heads * network.head_size
        """Memory of one token's keys and values."""
        self.kept_bytes: int = self.layers * kept_bytes(config, network.dtype)
        """Memory of what a token leaves for its way back, when it is learned from; about."""
        self.version = 0
        """How many optimizer steps its own weights have seen; moves only under full-weight training."""
        self.recipe = recipe or Recipe.by_size(config.hidden_size)
        self.vocabulary = Vocabulary(tokenizer, _stop_ids(model, tokenizer), config.vocab_size)
        self.constraints = Constraints(self.vocabulary)
        self.renderer = Renderer(tokenizer, self.vocabulary, self.context, most_reasoning=self.recipe.reasoning_tokens)
        self.routing = routing
        self.network = network
        self.thread = ThreadPoolExecutor(
            1, "burnish-device", initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),)
        )
        """The one thread in which this model may be run."""
        self.beat: Callable[[], object] = lambda: None
        """Called, in that thread, with every step of an engine and every micro-batch: who runs the model may listen."""

    def slots(self) -> Slots:
        """Room for rows of this model."""
        found = self.network.kernels
        return NativeSlots(self._size, found) if isinstance(found, NativeKernels) else PlainSlots(self._size)

    @classmethod
    def load(
        cls,
        name_or_directory: str | Path,
        *,
        threads: int = 1,
        dtype: Dtype = "float32",
        with_kernels: Kernels | None = None,
    ) -> "Base":
        """The model of a directory in Hugging Face's layout, of a hub name, or (`burnish-starter`) the embedded one.

        On the CPU, from safetensors only, never running code that comes with a model. An architecture that is not
        our decoder's runs in float32 by transformers' code, whatever `dtype` says. Sets torch's thread count.
        `with_kernels`: None takes the fastest here. Raises `InvalidRequest` for what cannot be loaded or whose
        architecture we cannot run exactly.
        """
        torch.set_num_threads(threads)
        source = str(starter_directory() if str(name_or_directory) == STARTER else name_or_directory)
        _quietly(register)
        try:
            config = AutoConfig.from_pretrained(source, trust_remote_code=False)
            _check(config.get_text_config(), source)
            model = _quietly(lambda: _load_weights(source))
            tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise InvalidRequest(f"The model {name_or_directory} cannot be loaded: {error}", param="model") from error
        network, routing = _network(str(name_or_directory), model, dtype, with_kernels or kernels())
        return cls(str(name_or_directory), source, model, tokenizer, _recipe(source), network, routing)

    def again(self) -> "Base":
        """A second copy of the weights as they stand on disk: the reference of full-weight training."""
        dtype: Any = str(self.network.dtype).removeprefix("torch.")
        return Base.load(self.source, threads=torch.get_num_threads(), dtype=dtype, with_kernels=self.network.kernels)


def _network(name: str, model: Any, dtype: Dtype, found: Kernels) -> tuple[Network, Routing]:
    """Our decoder where the model is one, else transformers' code; probed in float32."""
    routing = Routing(model)
    if not is_ours(model):
        hooked = HookedNetwork(model, routing, found)
        _probe(name, hooked)
        return hooked, routing
    decoder = Decoder(model, routing, found, torch.float32)
    _probe(name, decoder)
    decoder.refresh()  # what products were laid out for the probe
    wanted = _dtype(dtype)
    return (decoder if wanted == torch.float32 else Decoder(model, routing, found, wanted)), routing


def _dtype(name: Dtype) -> torch.dtype:
    if name == "auto":
        has_bfloat16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return torch.bfloat16 if has_bfloat16 else torch.float32
    found: torch.dtype = getattr(torch, name)
    return found


def _probe(name: str, network: Network) -> None:
    """Refuse an architecture on which packing changes what is computed (state between tokens, biases, caps)."""
    model = network.model
    size = model.config.get_text_config().vocab_size
    first = torch.arange(3, 9) % size
    second = torch.arange(4, 8) % size
    packed = pack([array("q", first.tolist()), array("q", second.tolist())])
    with torch.no_grad():
        attention = tree_attention(packed, network.kernels, network.head_size)
        hidden_NX = network.hidden(packed.ids_N, packed.position_N, attention)
        ours_PV = network.logits(hidden_NX[torch.stack([place[-1] for place in packed.places])])
        model.set_attn_implementation("eager")
        theirs = [model(input_ids=ids[None], use_cache=False).logits[0, -1] for ids in (first, second)]
        model.set_attn_implementation(IMPLEMENTATION)
    gap = float((ours_PV - torch.stack(theirs).float()).abs().max())
    if not gap < 1e-3 * max(1.0, float(ours_PV.abs().max())):
        raise InvalidRequest(
            f"The architecture of {name} ({type(model).__name__}) is not supported: packed and plain "
            f"passes differ by {gap:.2g}. Choose a plain attention model such as Llama, Qwen2 or Qwen3.",
            param="model",
        )


def _load_weights(source: str) -> Any:
    model = AutoModelForCausalLM.from_pretrained(
        source,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        attn_implementation=IMPLEMENTATION,
    )
    return model.eval().requires_grad_(False)


def _quietly(work: Callable[[], _Result]) -> _Result:
    """Without transformers' progress bars: a library never prints."""
    transformers.utils.logging.disable_progress_bar()
    return work()


def _check(config: Any, source: str) -> None:
    """Refuse by its configuration what a short probe cannot see."""
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    uses_window = window is not None and getattr(config, "use_sliding_window", True) and not kinds
    if uses_window or kinds - {"full_attention"}:
        raise InvalidRequest(
            f"{source} uses attention other than full attention ({', '.join(sorted(kinds)) or 'sliding window'}), "
            "which is not supported. Choose a model with full attention, such as Llama, Qwen2 or Qwen3.",
            param="model",
        )
    for field in ("num_hidden_layers", "hidden_size", "vocab_size", "max_position_embeddings"):
        if getattr(config, field, None) is None:
            raise InvalidRequest(f"{source} is no causal language model we know: its config has no {field}.")


def _stop_ids(model: Any, tokenizer: Any) -> set[int]:
    """Every token that ends an answer, by the generation config and the tokenizer."""
    configured = model.generation_config.eos_token_id if model.generation_config is not None else None
    stops = configured if isinstance(configured, list) else [configured]
    found = {int(token) for token in [*stops, tokenizer.eos_token_id] if token is not None}
    if not found:
        raise InvalidRequest("The model names no stop token (eos_token_id).", param="model")
    return found


def _recipe(source: str) -> Recipe | None:
    """The recipe beside the weights, if there is one."""
    local = Path(source)
    if local.is_dir():
        path = local / RECIPE_FILE if (local / RECIPE_FILE).is_file() else None
    else:
        found = cached_file(
            source,
            RECIPE_FILE,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        path = None if found is None else Path(found)
    if path is None:
        return None
    content = json.loads(path.read_text())
    return Recipe(
        float(content["lora_lr"]),
        float(content["full_lr"]),
        content.get("reasoning_tokens"),
        content.get("answer_tokens"),
    )
