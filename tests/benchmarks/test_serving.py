import asyncio

import pytest

from benchmarks.serving import Round, Side, rows_of, turn
from benchmarks.site import site


def test_a_row_holds_medians_and_the_range_of_the_rounds_ratios():
    mine = [Round(40.0, 0.2), Round(60.0, 0.1), Round(90.0, 0.3)]
    theirs = [Round(20.0, 0.4), Round(20.0, 0.5), Round(30.0, 0.6)]
    assert rows_of({16: {"ours": mine, "peer": theirs}}) == [
        "| 16 | peer | 20 | 60 | **3.00** | 2.00 to 3.00 | 500 ms | 200 ms |"
    ]


@pytest.mark.slow
def test_a_turn_asks_all_clients_questions(tmp_path):
    with site(tmp_path, workers=0) as there:
        found = asyncio.run(turn(Side("ours", there.base_url, "burnish-starter"), 2, 0))
    assert found.tokens_per_s > 0
    assert 0 < found.first_s < 60
