import socket

import pytest

from burnish.sandbox.attempts import ATTEMPTS, grade


def test_what_is_not_held_back_succeeds(tmp_path):
    """Here nothing is: what the attempts reach is the test's own."""
    (tmp_path / "file").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
        unix.listen()
        item = {
            "tcp": tcp.getsockname()[1],
            "unix": str(tmp_path / "socket"),
            "file": str(tmp_path / "file"),
            "variables": [],
            "memory_bytes": 1 << 20,
            "processes": 2,
        }
        for name in ("TCP", "unix sockets", "reading files", "writing files", "the environment", "memory", "processes"):
            assert ATTEMPTS[name](item), name
    assert (tmp_path / "written").read_bytes() == b"leak"


def test_what_is_held_back_does_not(tmp_path):
    with pytest.raises(OSError):
        ATTEMPTS["reading files"]({"file": str(tmp_path / "none")})
    with pytest.raises(OSError):
        ATTEMPTS["unix sockets"]({"unix": str(tmp_path / "none")})


def test_an_attempt_without_anything_to_reach_is_an_error_of_ours():
    with pytest.raises(KeyError):
        grade({"do": "attempt"}, {})
