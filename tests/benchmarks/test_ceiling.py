import pytest

from benchmarks.speed.ceiling import MICRO_TOKENS, training_products
from benchmarks.speed.shapes import Shape
from benchmarks.speed.work import RAGGED, Work

SMALL = Shape("small", 1, 8, 2, 1, 4, 16, 32)


def test_the_products_are_what_a_packed_pass_needs():
    work = Work("tiny", 1, 2, 3, 4, "full")
    tokens = 3 + 2 * 3  # the prompt once, each answer less its last token
    linears = 8 * (8 + 2 * 4) + 8 * 8 + 8 * 32 + 16 * 8
    head = 2 * 4 * 8 * 32
    prompt_pairs, answer_pairs = 1 + 2 + 3, 2 * (4 + 5 + 6)
    attention = 2 * 6 * (prompt_pairs + answer_pairs) * 2 * 4  # six products, two heads of width 4
    expected = 3 * 2 * (tokens * linears + head) + attention
    assert sum(product.flops for product in training_products(SMALL, work, 3)) == pytest.approx(expected)


def test_rows_are_cut_into_micro_batches():
    work = Work("large", 1, 2, MICRO_TOKENS, 11, "full")
    rows = {product.rows for product in training_products(SMALL, work, MICRO_TOKENS) if product.batch == 1}
    assert {MICRO_TOKENS, 20} <= rows


def test_ragged_work_has_no_single_list_of_products():
    with pytest.raises(ValueError, match="ragged"):
        training_products(SMALL, RAGGED, 64)
