import errno
import struct

import pytest

from burnish.sandbox.seccomp import program

X86, ARM = 0xC000003E, 0xC00000B7
ALLOW, KILL = 0x7FFF0000, 0x80000000


def verdict(machine, number, argument=0, audit=None):
    """What the filter says of a system call: a machine for classic BPF in a few lines."""
    data = struct.pack("=iIQQ", number, audit or {"x86_64": X86, "aarch64": ARM}[machine], 0, argument)
    lines = list(struct.iter_unpack("=HBBI", program(machine)))
    at, word = 0, 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        match code:
            case 0x20:
                (word,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += yes if word == value else no
            case 0x35:
                at += yes if word >= value else no
            case 0x45:
                at += yes if word & value else no
            case 0x06:
                return value


def refused(number):
    return 0x00050000 | number


@pytest.mark.parametrize(("machine", "ptrace", "read"), [("x86_64", 101, 0), ("aarch64", 117, 63)])
def test_tracing_is_refused_and_reading_is_not(machine, ptrace, read):
    assert verdict(machine, ptrace) == refused(errno.EPERM)
    assert verdict(machine, read) == ALLOW


def test_a_call_by_another_architectures_numbers_kills():
    assert verdict("x86_64", 0, audit=0x40000003) == KILL


def test_later_inventions_and_x32_do_not_exist():
    assert verdict("x86_64", 0x40000000) == refused(errno.ENOSYS)
    assert verdict("x86_64", 457) == refused(errno.ENOSYS)
    assert verdict("x86_64", 435) == refused(errno.ENOSYS)


def test_processes_may_be_made_but_no_namespaces():
    assert verdict("x86_64", 56, 17) == ALLOW
    assert verdict("x86_64", 56, 0x10000000 | 17) == refused(errno.EPERM)
    assert verdict("aarch64", 220, 0x20000000) == refused(errno.EPERM)


def test_limits_may_be_set_for_oneself_alone():
    assert verdict("x86_64", 302, 0) == ALLOW
    assert verdict("x86_64", 302, 1) == refused(errno.EPERM)


@pytest.mark.parametrize(
    ("family", "allowed"), [(1, True), (2, True), (10, True), (16, False), (38, False), (40, False)]
)
def test_only_three_families_of_sockets(family, allowed):
    assert verdict("x86_64", 41, family) == (ALLOW if allowed else refused(errno.EAFNOSUPPORT))


def test_an_unknown_machine_is_refused():
    with pytest.raises(NotImplementedError, match="riscv64"):
        program("riscv64")
