"""The system calls that no grader makes, as a filter for the kernel (seccomp, classic BPF).

A list of what is denied, in the manner of container runtimes: what reaches into other processes, changes the machine,
keeps state beyond a process, or is a broad way into the kernel. Later inventions of the kernel's do not exist here.
"""

import errno
import platform
import struct
from typing import NamedTuple

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENT_0 = 0, 4, 16
_FIRST_UNKNOWN = 457
"""Numbers are the same everywhere from 424 on; x86's second table (x32) lies far above."""
_NEW_NAMESPACES = 0x7E020000
"""The CLONE_NEW* flags."""
_FAMILIES = (1, 2, 10)
"""unix, inet, inet6. A network namespace does not hold vsock back, nor AF_ALG, which is a way into the kernel."""


class _Machine(NamedTuple):
    audit: int
    column: int


_MACHINES = {"x86_64": _Machine(0xC000003E, 0), "aarch64": _Machine(0xC00000B7, 1)}

_DENIED = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    # file systems and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    # what outlives a process, or hides memory from its limit
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # ways into the kernel
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    # the machine
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
}
"""System call -> its number on x86_64 and on aarch64."""
_CLONE, _CLONE3, _SOCKET = (56, 220), 435, (41, 198)
_OWN_ONLY = ((302, 261), (203, 122))
"""prlimit64 and sched_setaffinity, which may name another process."""


def program(machine: str = "") -> bytes:
    """The filter, as an array of `struct sock_filter`; `machine` as `uname -m` says it, by default this one.

    Raises `NotImplementedError` for a machine whose numbers are not known here.
    """
    name = machine or platform.machine()
    if name not in _MACHINES:
        raise NotImplementedError(f"no list of system calls for '{name}'; there are {', '.join(_MACHINES)}")
    audit, column = _MACHINES[name]
    lines = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL)]
    lines += [(_LOAD, 0, 0, _NUMBER), (_GREATER_EQUAL, 0, 1, _FIRST_UNKNOWN), _refuse(errno.ENOSYS)]
    lines += [(_EQUAL, 0, 1, _CLONE3), _refuse(errno.ENOSYS)]  # its flags lie in memory; libc then takes clone
    for number in (numbers[column] for numbers in _DENIED.values()):
        if number is not None:
            lines += [(_EQUAL, 0, 1, number), _refuse(errno.EPERM)]
    for numbers in _OWN_ONLY:
        lines += _on_argument(numbers[column], [(_EQUAL, 1, 0, 0), _refuse(errno.EPERM)])
    lines += _on_argument(_CLONE[column], [(_ANY_BIT, 0, 1, _NEW_NAMESPACES), _refuse(errno.EPERM)])
    families = [(_EQUAL, len(_FAMILIES) - index, 0, family) for index, family in enumerate(_FAMILIES)]
    lines += _on_argument(_SOCKET[column], [*families, _refuse(errno.EAFNOSUPPORT)])
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


_Line = tuple[int, int, int, int]


def _refuse(number: int) -> _Line:
    return (_RETURN, 0, 0, _ERRNO | number)


def _on_argument(number: int, test: list[_Line]) -> list[_Line]:
    """Test the first argument of one system call; passed, it is allowed."""
    return [(_EQUAL, 0, len(test) + 2, number), (_LOAD, 0, 0, _ARGUMENT_0), *test, (_RETURN, 0, 0, _ALLOW)]
