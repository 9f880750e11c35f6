from burnish.dashboard.charts import Chart, Line, charts, option, with_shares

CURVES = {
    "scores/train_reward_mean": [[1, 0.1], [2, 0.2]],
    "scores/valid_reward_mean": [[2, 0.3]],
    "scores/graders/a/train_reward_mean": [[1, 0.5]],
    "scores/graders/b/valid_reward_mean": [[1, 0.5]],
    "errors/graders/a/train_other_error_mean": [[1, 0.25]],
    "errors/graders/a/train_parse_error_mean": [[1, 0.0]],
    "burnish/groups": [[1, 3.0], [2, 4.0]],
    "burnish/groups_without_variance": [[1, 1.0], [2, 0.0]],
    "burnish/kl_mean": [[1, 0.0], [2, 0.01]],
}


def test_only_charts_with_something_to_draw_are_there():
    titles = [chart.title for chart in charts(with_shares(CURVES))]
    assert titles == ["Reward", "Grader: a", "Grader: b", "Grader errors", "Groups without variance", "KL to the base"]
    assert charts({}) == []


def test_a_single_grader_needs_no_chart_beside_the_reward():
    assert [each.title for each in charts({"scores/graders/a/train_reward_mean": [[1, 0.5]]})] == []


def test_faults_that_never_came_up_are_left_out():
    errors = next(each for each in charts(with_shares(CURVES)) if each.title == "Grader errors")
    assert [line.name for line in errors.lines] == ["a: other error"]


def test_the_share_of_groups_without_variance_is_of_all_groups():
    assert with_shares(CURVES)["burnish/zero_variance"] == [(1, 0.25), (2, 0.0)]


def test_a_kl_that_was_not_measured_is_no_point():
    assert with_shares(CURVES)["burnish/kl_mean"] == [(2, 0.01)]


def test_a_line_has_its_points_and_its_name():
    drawn = option(Chart("Reward", (Line("scores/train_reward_mean", "Train"), Line("none", "None"))), CURVES)
    assert [(line["name"], line["data"]) for line in drawn["series"]] == [("Train", [[1, 0.1], [2, 0.2]])]
    assert drawn["legend"]["show"] is False
