import logging
import sys

from burnish.core.logs import Lines


def line(**extra: object) -> str:
    record = logging.getLogger("burnish.work").makeRecord(
        "burnish.work", logging.INFO, __file__, 1, "starting a run", (), None, extra=extra
    )
    return Lines().format(record)


def test_an_entry_ends_with_its_fields():
    assert line(job="ftjob-1", attempt=2).endswith(" INFO burnish.work: starting a run job=ftjob-1 attempt=2")


def test_an_entry_without_fields_is_its_message():
    assert line().endswith(" INFO burnish.work: starting a run")


def test_a_traceback_stands_below_the_fields():
    try:
        raise ValueError("broken")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, __file__, 1, "it raised", (), sys.exc_info(), extra={"job": "ftjob-1"}
        )
    first, *rest = Lines().format(record).splitlines()
    assert first.endswith("it raised job=ftjob-1")
    assert rest[-1] == "ValueError: broken"
