"""The training pass alone, as a share of what its matrix products alone would take; the two in turn."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.ceiling import rate, seconds, training_products
from benchmarks.speed.ours import Ours, compute_dtype, load
from benchmarks.speed.reward import trivial
from benchmarks.speed.shapes import SHAPES, write_model
from benchmarks.speed.work import WORKS, texts

WARM_UP = 1
"""Rounds that are dropped."""


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """One row of the table of training passes; all weights are trained."""

    model: str
    work: str
    rounds: int
    """That are counted."""

    def measure(self, room: Path) -> Mapping[str, Any]:
        """Seconds of every pass, of the products, and the rate of a large one."""
        shape, work = SHAPES[self.model], WORKS[self.work]
        base = load(write_model(shape, room / shape.name))
        prompts = texts(work, shape, base.tokenizer)
        ours = Ours(base, work, prompts, trivial)
        products = training_products(shape, work, len(base.tokenizer(prompts[0])["input_ids"]))
        groups = ours.grade(ours.sample(0))
        dtype = compute_dtype(base)
        found: dict[str, list[float]] = {"pass_s": [], "update_s": [], "products_s": [], "rate": []}
        for _ in range(self.rounds + WARM_UP):
            found["products_s"].append(seconds(products, dtype))
            found["rate"].append(rate(dtype))
            started = time.perf_counter()
            ours.accumulate(groups)
            passed = time.perf_counter()
            ours.update()
            found["pass_s"].append(passed - started)
            found["update_s"].append(time.perf_counter() - passed)
        flops = sum(product.flops for product in products)
        return {name: values[WARM_UP:] for name, values in found.items()} | {"flops": flops, "dtype": str(dtype)}
