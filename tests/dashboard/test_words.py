import pytest

from burnish.dashboard import words


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (9.96, "10.0 s"),
        (42, "42 s"),
        (68, "1 min 8 s"),
        (3700, "1 h 1 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_time_span_is_told_in_its_two_largest_units(seconds: float | None, told: str):
    assert words.duration(seconds) == told


def test_money_keeps_two_figures_where_it_is_little():
    assert [words.money(usd) for usd in (None, 0, 0.00123, 1234.5)] == ["–", "$0.00", "$0.0012", "$1,234.50"]


def test_counts_part_thousands_and_large_ones_are_millions():
    assert [words.count(number) for number in (None, 1234, 12_345_678)] == ["–", "1,234", "12.3 M"]


def test_bytes_have_a_unit():
    assert [words.size(many) for many in (12, 24_312, 5_000_000, 7_000_000_000_000)] == [
        "12 bytes",
        "24.3 KB",
        "5.0 MB",
        "7000.0 GB",
    ]


def test_a_score_has_three_places_and_a_state_is_a_word():
    assert (words.score(None), words.score(0.5)) == ("–", "0.500")
    assert words.status("validating_files") == "Validating files"


def test_one_has_no_plural():
    assert [words.plural(number, "row") for number in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]


def test_a_long_name_loses_its_middle():
    assert words.short("ft:burnish-starter:local:review:abc:ckpt-step-40", 24) == "ft:burni…bc:ckpt-step-40"
    assert len(words.short("x" * 99, 24)) == 24
    assert words.short("burnish-starter") == "burnish-starter"
