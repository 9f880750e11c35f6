import json
import random

from burnish.starter.tasks.addition import addition, columns

ADDITION = addition()


def test_columns_carry_and_collect_the_sum_from_the_right():
    assert columns(387, 654) == "7+4+0=11 1\n8+5+1=14 41\n3+6+1=10 041\nso 1041"


def test_columns_without_a_last_carry():
    assert columns(120, 305) == "0+5+0=5 5\n2+0+0=2 25\n1+3+0=4 425\nso 425"


def test_the_order_of_the_numbers_does_not_make_another_row():
    rng = random.Random(0)
    for _ in range(200):
        row = ADDITION.item(rng)
        small, large = sorted((row.facts["a"], row.facts["b"]))
        assert row.key == f"addition/{small}+{large}"
        assert row.fields["sum"] == small + large


def test_a_hasty_sum_is_off_by_a_carry_or_right():
    rng = random.Random(0)
    for _ in range(300):
        row = ADDITION.item(rng)
        shown = ADDITION.demonstrate(row, rng, "none")
        gap = abs(json.loads(shown.answer)["sum"] - row.fields["sum"])
        assert shown.reasoning == ""
        assert gap in (0, 10, 100)


def test_rows_say_whether_anything_carries():
    rng = random.Random(0)
    for _ in range(200):
        row = ADDITION.item(rng)
        a, b = row.facts["a"], row.facts["b"]
        carries = a % 10 + b % 10 > 9 or a // 10 % 10 + b // 10 % 10 > 9 or a // 100 + b // 100 > 9
        assert row.label == ("carries" if carries else "none")


def test_numbers_have_the_lengths_asked_for():
    rng = random.Random(0)
    lengths = {len(str(addition((3, 4)).item(rng).facts["a"])) for _ in range(50)}
    assert lengths == {3, 4}
