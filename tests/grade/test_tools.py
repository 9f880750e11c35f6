import asyncio

from burnish.grade.tools import Tools


def test_without_anything_there_is_no_judge_and_waiting_takes_real_time():
    assert Tools().chat is None
    assert Tools().sleep is asyncio.sleep
