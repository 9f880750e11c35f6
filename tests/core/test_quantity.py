from burnish.core.quantity import dollars, duration


def test_a_duration_has_its_two_largest_units():
    assert [duration(each) for each in (0.2, 59.4, 59.6, 185, 3600, 7_859)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "3 min 5 s",
        "1 h 0 min",
        "2 h 10 min",
    ]


def test_small_money_has_more_digits():
    assert [dollars(each) for each in (12.345, 1, 0.0123)] == ["12.35 USD", "1.00 USD", "0.0123 USD"]
