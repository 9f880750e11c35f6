from burnish.dashboard.bars import extent


def _interval(low: float, high: float) -> dict[str, float]:
    return {"mean": (low + high) / 2, "low": low, "high": high}


def test_an_axis_of_scores_holds_0_to_1_and_what_goes_beyond():
    assert extent([_interval(0.2, 0.4), None], around_zero=False) == (0.0, 1.0)
    assert extent([_interval(-1.0, 3.0)], around_zero=False) == (-1.0, 3.0)


def test_an_axis_of_differences_reaches_as_far_to_either_side():
    assert extent([_interval(-0.1, 0.3), _interval(0.0, 0.2)], around_zero=True) == (-0.3, 0.3)
    assert extent([], around_zero=True) == (-0.05, 0.05)
