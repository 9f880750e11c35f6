import asyncio

from burnish.server.responses.recording import MOST_ENDED, Recording, Recordings


async def read(recording: Recording, after: int) -> list[int]:
    return [event["sequence_number"] async for event in recording.after(after)]


def test_whoever_comes_early_or_late_reads_the_same_to_the_end():
    async def main() -> list[list[int]]:
        recording = Recording()
        early = asyncio.create_task(read(recording, -1))
        for number in range(3):
            recording.add({"sequence_number": number})
            await asyncio.sleep(0)
        ahead = asyncio.create_task(read(recording, 3))
        await asyncio.sleep(0)
        for number in range(3, 6):
            recording.add({"sequence_number": number})
        recording.end()
        return [await early, await ahead, await read(recording, 1), await read(recording, 9)]

    assert asyncio.run(main()) == [[0, 1, 2, 3, 4, 5], [4, 5], [2, 3, 4, 5], []]


def test_of_those_that_have_ended_the_latest_are_kept_and_none_that_goes_on_is_lost():
    recordings = Recordings()
    going_on = recordings.begin("going on")
    for number in range(MOST_ENDED + 5):
        recordings.begin(str(number)).end()
    assert recordings.get("going on") is going_on
    assert recordings.get("4") is None
    assert recordings.get("5") is not None
    assert recordings.get("never") is None
