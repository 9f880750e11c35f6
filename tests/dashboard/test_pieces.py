from burnish.dashboard.pieces import spark


def test_a_small_curve_goes_from_edge_to_edge_and_lowest_to_highest():
    assert 'points="0.0,27.0 60.0,15.0 120.0,3.0"' in spark([(1, 0.0), (2, 0.5), (3, 1.0)])


def test_a_curve_of_one_point_and_a_flat_one_can_be_drawn():
    assert "polyline" not in spark([(1, 0.5)])
    assert 'points="0.0,27.0 120.0,27.0"' in spark([(1, 0.5), (2, 0.5)])
