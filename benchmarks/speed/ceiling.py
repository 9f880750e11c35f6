"""What the machine could do at most: the matrix products of a training pass alone, back to back, and nothing between.

Counted are the products that a pass over packed sequences needs: a prompt once per group, the head at answer tokens
only, attention below the diagonal, no recomputation. Padding and whatever else an implementation adds count as loss.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.speed.shapes import Shape
from benchmarks.speed.work import Work

MICRO_TOKENS = 4096
"""Rows of one product; as many as a micro-batch of ours has."""
SQUARE = 2048
"""Of the product that the machine's rate is taken from."""


@dataclass(frozen=True, slots=True)
class Product:
    """`count` times a batch of products [rows, inner] x [inner, columns]."""

    count: int
    batch: int
    rows: int
    inner: int
    columns: int
    share: float = 1.0
    """Of its entries that are needed: about half, where the upper triangle is masked."""

    @property
    def flops(self) -> float:
        """Needed ones."""
        return 2.0 * self.count * self.batch * self.rows * self.inner * self.columns * self.share


def training_products(shape: Shape, work: Work, prompt_tokens: int) -> list[Product]:
    """Forward and backward of one step's answers, all weights trained."""
    answers = work.lengths_at(0)
    if answers is None or len(set(answers)) > 1:
        raise ValueError(f"The work '{work.name}' has answers of several lengths; its products are not those of one.")
    fed = answers[0] - 1  # the last token of an answer is predicted, not read
    tokens = work.prompts * prompt_tokens + work.rows * fed
    layers = [Product(shape.layers, 1, tokens, wide, tall) for wide, tall in shape.linears]
    head = Product(1, 1, work.rows * answers[0], shape.hidden, shape.vocab)
    linears = [part for each in [*layers, head] for part in _forward_and_backward(each)]
    return [*linears, *_attention(shape, work, prompt_tokens, fed)]


def _forward_and_backward(product: Product) -> Iterator[Product]:
    """Y = X W; dX = dY W'; dW = X' dY; cut into micro-batches."""
    whole, rest = divmod(product.rows, MICRO_TOKENS)
    for count, rows in [(whole, MICRO_TOKENS), (1, rest)]:
        if count and rows:
            times = product.count * count
            yield Product(times, 1, rows, product.inner, product.columns)
            yield Product(times, 1, rows, product.columns, product.inner)
            yield Product(times, 1, product.inner, rows, product.columns)


def _attention(shape: Shape, work: Work, prompt_tokens: int, fed: int) -> Iterator[Product]:
    """Scores and sums forward, four products backward; the query heads of a key head stand under one another."""
    layers, size, group = 2 * shape.layers, shape.head_dim, shape.heads // shape.kv_heads
    prompts = (work.prompts, prompt_tokens, prompt_tokens)
    answers = (work.rows, fed, prompt_tokens + fed)
    for sequences, queries, keys in (prompts, answers):
        batch, rows = sequences * shape.kv_heads, group * queries
        share = 1 - (queries - 1) / 2 / keys
        yield Product(layers, batch, rows, size, keys, share)  # Q K' and dO V'
        yield Product(layers, batch, rows, keys, size, share)  # P V and dS K
        yield Product(layers, batch, keys, rows, size, share)  # P' dO and dS' Q


def seconds(products: list[Product], dtype: torch.dtype) -> float:
    """Time of all of them; the masked part of an attention product is taken off."""
    return sum(_seconds(product, dtype) * product.share for product in products)


def rate(dtype: torch.dtype) -> float:
    """FLOP a second of one large square product."""
    square = Product(4, 1, SQUARE, SQUARE, SQUARE)
    return square.flops / _seconds(square, dtype)


def _seconds(product: Product, dtype: torch.dtype) -> float:
    left = torch.randn(product.batch, product.rows, product.inner, dtype=dtype)
    right = torch.randn(product.batch, product.inner, product.columns, dtype=dtype)
    out = torch.empty(product.batch, product.rows, product.columns, dtype=dtype)
    _multiply(left, right, out)
    started = time.perf_counter()
    for _ in range(product.count):
        _multiply(left, right, out)
    return time.perf_counter() - started


def _multiply(left: Tensor, right: Tensor, out: Tensor) -> None:
    if len(left) == 1:
        torch.mm(left[0], right[0], out=out[0])
    else:
        torch.bmm(left, right, out=out)
