"""Which part of a step a moment belongs to, by the names of the functions that are being called.

A sampled stack counts for the first rule that knows one of its names. `torch` releases the interpreter
lock in its products, and so do our kernels, so that a moment in either is seen like any other.
"""

import re
from collections.abc import Sequence
from typing import Literal

Phase = Literal["sampling", "training"]
REST = "Python and the rest"

_RULES: tuple[tuple[str, str], ...] = (
    (r"policy\.draw\.|Kernels\.draw$", "drawing"),
    (r"\.(score|score_backward|logits|logits_backward|constrained_logp|_chunk_loss)$|learn\.loss\.", "head"),
    (r"NativeLayers\.hidden$", "all layers in one call"),
    (r"policy\.(attention|cache|slots|tree)\.|kernels\.(slots|tree)\.|rotary", "attention"),
    (r"weights\.(Matrix|Low)\.|linear\.Linear\.forward$|adapter\._add$", "linear layers"),
    (r"Kernels\.(add_norm|turn|gate)|RMSNorm|MLP\.|activation", "norms, rotations, gates"),
    (r"policy\.(constraint|vocabulary)\.|kernels\.plain\.flags$", "constraints"),
    (r"policy\.pack\.", "packing"),
)
"""In this order: the head is a linear layer too, and an MLP has some in it."""
_PROMPTS = re.compile(r"prefill\.Prefill\.")
_BACKWARD = re.compile(r"^torch\.(_tensor|autograd)\..*backward|(?<!forward)_backward$")
_OPTIMIZER = re.compile(r"LocalTrainer\._optim_step$")


def part_of(names: Sequence[str], phase: Phase) -> str:
    """The part, from a stack's dotted names."""
    part = next((part for pattern, part in _RULES if any(re.search(pattern, name) for name in names)), None)
    if part is None:
        part = "autograd's graph" if names[0].endswith("_engine_run_backward") else REST
    if phase == "sampling":
        return "prompts" if any(map(_PROMPTS.search, names)) else part
    if any(map(_OPTIMIZER.search, names)):
        return "optimizer"
    return f"{'backward' if any(map(_BACKWARD.search, names)) else 'forward'}: {part}"
