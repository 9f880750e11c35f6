from burnish.server.series import curves, thinned


def test_numbers_become_curves_by_their_paths():
    made = curves([{"step": 1, "total_steps": 2, "a": {"b": 0.5}}, {"step": 2, "total_steps": 2, "a": {"b": 1.0}}])
    assert made == {"a/b": [(1, 0.5), (2, 1.0)]}


def test_a_step_that_was_done_again_counts_as_the_last_time():
    assert curves([{"step": 1, "total_steps": 1, "a": 0.5}, {"step": 1, "total_steps": 1, "a": 0.75}]) == {
        "a": [(1, 0.75)]
    }


def test_a_thinned_curve_has_the_means_of_runs_at_their_last_steps():
    curve = [(step, float(step)) for step in range(1, 7)]
    assert thinned(curve, 3) == [(2, 1.5), (4, 3.5), (6, 5.5)]
    assert thinned(curve, 6) == curve
