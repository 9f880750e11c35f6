import json
import os
import struct
import time

import pytest

from burnish.sandbox.wire import LARGEST_BYTES, Broken, TimedOut, Wire


@pytest.fixture
def ends():
    """What the other side reads and writes, and our wire."""
    theirs, target = os.pipe()
    source, said = os.pipe()
    looks: list[int] = []
    yield theirs, said, Wire(target, source, lambda: looks.append(1)), looks
    for file in (theirs, target, source, said):
        try:
            os.close(file)
        except OSError:
            continue


def soon():
    return time.monotonic() + 20


def frame(text):
    return struct.pack(">I", len(text)) + text.encode()


def test_a_frame_goes_out_with_its_length(ends):
    theirs, _, wire, _ = ends
    wire.send(b"abc", soon())
    assert os.read(theirs, 100) == b"\0\0\0\3abc"


def test_an_object_comes_in_and_the_next_stays(ends):
    _, said, wire, _ = ends
    os.write(said, frame(json.dumps({"a": 1})) + frame("{}"))
    assert wire.receive(soon()) == {"a": 1}
    assert wire.receive(soon()) == {}


@pytest.mark.parametrize("content", ["[1]", "not json", "[" * 100_000, "4"])
def test_what_is_no_object_breaks_it(ends, content):
    _, said, wire, _ = ends
    os.set_blocking(said, False)
    os.write(said, frame(content)[:60_000])
    if len(content) > 60_000:
        os.close(said)
    with pytest.raises(Broken):
        wire.receive(soon())


def test_more_than_a_frame_may_hold_is_not_even_read(ends):
    _, said, wire, _ = ends
    os.write(said, struct.pack(">I", LARGEST_BYTES + 1))
    with pytest.raises(Broken, match="1048577 bytes"):
        wire.receive(soon())


def test_an_end_breaks_it(ends):
    theirs, said, wire, _ = ends
    os.close(said)
    with pytest.raises(Broken, match="it ended"):
        wire.receive(soon())
    os.close(theirs)
    with pytest.raises(Broken, match="does not listen"):
        wire.send(b"abc", soon())


def test_silence_and_deafness_end_at_the_deadline_after_looks(ends):
    _, _, wire, looks = ends
    with pytest.raises(TimedOut):
        wire.receive(time.monotonic() + 0.25)
    assert looks
    with pytest.raises(TimedOut):
        wire.send(bytes(1 << 20), time.monotonic() + 0.05)
