import socket

from burnish.core.ports import free_port


def test_a_free_port_can_be_listened_on():
    port = free_port("127.0.0.1")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        assert listener.getsockname()[1] == port


def test_a_port_in_use_is_not_free():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        assert free_port("127.0.0.1") != listener.getsockname()[1]
