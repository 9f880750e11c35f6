"""The load, short: enough streams at once to tell whether any is wrong and anything is left, and no figures."""

import pytest

from benchmarks.serving_load import Report, run
from benchmarks.streams import Stream

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]


def test_no_stream_of_many_is_wrong_and_nothing_is_left(tmp_path):
    report = run(tmp_path, clients=24, seconds=4)
    assert [fault for fault in report.faults if "memory grew" not in fault] == []  # caches still fill
    assert report.left == 0
    assert len(report.together) >= 24
    assert all(stream.finish in ("stop", "length") for _, stream in report.together)


def test_the_report_states_rates_and_times():
    report = Report(clients=2, seconds=2.0)
    report.alone = [Stream("a", 10, 0.1, 1.0, "stop")]
    report.together = [(0, Stream("a", 40, 0.2, 1.0, "stop")), (0, Stream("a", 60, 0.4, 1.0, "stop"))]
    assert report.lines()[1] == "tokens a second: 50 together, 10 one after the other, ratio 5.0"
    assert report.lines()[2].startswith("first text: p50 300 ms")
