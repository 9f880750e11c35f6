"""Nothing outside can be reached: no network, no file, no variable, no process.

Where a sandbox leaks, an attack of these does no harm: it looks, or touches what the test made.
"""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack

SECRET = "sk-secret-of-the-server"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that everybody on this machine may enter."""
    with tempfile.TemporaryDirectory(prefix="burnish-attacked-") as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)


@pytest.fixture
def key_file(folder: Path) -> Path:
    path = folder / "burnish.toml"
    path.write_text(f'api_key = "{SECRET}"')
    path.chmod(0o666)
    return path


def test_tcp(attack: Attack):
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = attack(
            "import socket\nsocket.create_connection(('127.0.0.1', item['port']), 2)\nreturn 1",
            port=server.getsockname()[1],
        )
    assert outcome.error is not None and "Error" in outcome.error


def test_udp(attack: Attack):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        attack(
            "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "return s.sendto(b'leak', ('127.0.0.1', item['port']))",
            port=server.getsockname()[1],
        )
        with pytest.raises(BlockingIOError):
            server.recv(16)


@pytest.mark.parametrize("family", ["AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"])
def test_other_kinds_of_sockets(attack: Attack, family: str):
    outcome = attack(
        "import socket\nsocket.socket(getattr(socket, item['family']), socket.SOCK_RAW)\nreturn 1", family=family
    )
    assert outcome.score is None


def test_a_database_that_listens_on_a_path(attack: Attack, folder: Path):
    path = str(folder / ".s.PGSQL.5432")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        Path(path).chmod(0o777)
        outcome = attack(
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(item['path'])\nreturn 1", path=path
        )
    assert outcome.error is not None and "Error" in outcome.error


def test_an_abstract_unix_socket(attack: Attack):
    name = f"burnish-attacked-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        outcome = attack(
            "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect(chr(0) + item['name'])\nreturn 1", name=name
        )
    assert outcome.error is not None and "Error" in outcome.error


def test_names_are_not_resolved(attack: Attack):
    assert attack("import socket\nsocket.getaddrinfo('example.com', 443)\nreturn 1").score is None


def test_reading_the_servers_files(attack: Attack, key_file: Path):
    outcome = attack("return 1 if open(item['path']).read() else 0", path=str(key_file))
    assert outcome.error is not None
    assert SECRET not in outcome.error
    assert "FileNotFoundError" in outcome.error or "PermissionError" in outcome.error


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/shadow", "/etc/group", "/var/log", "/sys/class", "/proc/self"])
def test_reading_the_machine(attack: Attack, path: str):
    body = (
        "import os\nreturn len(os.listdir(item['path']) if os.path.isdir(item['path']) else open(item['path']).read())"
    )
    outcome = attack(body, path=path)
    assert outcome.score in (None, 0.0)


def test_reading_the_source_of_the_server(attack: Attack):
    assert attack("return 1 if open(item['path']).read() else 0", path=__file__).score is None


def test_changing_the_servers_files(attack: Attack, key_file: Path, folder: Path):
    body = "import os\nopen(item['path'], 'w').write('changed')\nreturn 1"
    assert attack(body, path=str(key_file)).score is None
    assert attack(body, path=str(folder / "new")).score is None
    assert SECRET in key_file.read_text()
    assert list(folder.iterdir()) == [key_file]


def test_changing_the_standard_library(attack: Attack):
    assert attack("import os\nopen(os.__file__, 'a').close()\nreturn 1").score is None


def test_symlinks_and_hard_links_out(attack: Attack, key_file: Path):
    for how in ("symlink", "link"):
        body = f"import os\nos.{how}(item['path'], 'door')\nreturn 1 if open('door').read() else 0"
        assert attack(body, path=str(key_file)).score is None
    body = "import os\nos.symlink(item['path'], 'door')\nopen('door', 'w').write('changed')\nreturn 1"
    assert attack(body, path=str(key_file)).score is None
    assert attack("import os\nos.symlink('/', 'root')\nreturn 1").score == 1.0
    assert SECRET in key_file.read_text()


def test_a_symlink_to_a_folder_is_not_emptied_with_the_scratch_directory(attack: Attack, key_file: Path):
    body = "import os\nos.mkdir('a')\nos.symlink(item['path'], 'a/door')\nos.symlink(item['path'], 'door')\nreturn 1"
    assert attack(body, path=str(key_file.parent)).score == 1.0
    assert key_file.exists()


def test_the_environment(attack: Attack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BURNISH_MODELS", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    body = "import os\nmine = str(sorted(os.environ.items()))\nraise ValueError(mine)"
    outcome = attack(body)
    assert outcome.error is not None
    assert SECRET not in outcome.error
    assert "PYTHONHASHSEED" in outcome.error
    assert "OPENAI" not in outcome.error


@pytest.mark.parametrize("which", ["1", "server", "parent"])
def test_the_environment_memory_and_files_of_other_processes(attack: Attack, which: str):
    body = """
import os
pid = {"1": 1, "server": item["server"], "parent": os.getppid()}[item["which"]]
found = []
for name in ("environ", "cmdline", "maps", "mem", "fd/0"):
    try:
        if open(f"/proc/{pid}/{name}", "rb").read(16):
            found.append(name)
    except OSError:
        pass
return len(found)
"""
    assert attack(body, which=which, server=os.getpid()).score == 0.0


def test_tracing_and_reading_the_memory_of_the_parent(attack: Attack):
    body = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
here = ctypes.create_string_buffer(8)
mine, theirs = Part(ctypes.addressof(here), 8), Part(id(parent), 8)
done = [
    libc.ptrace(0x4206, parent, None, None) == 0,
    libc.process_vm_readv(parent, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0,
    libc.process_vm_writev(parent, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) > 0,
]
return sum(done)
"""
    assert attack(body).score == 0.0


def test_limits_and_priorities_of_the_parent(attack: Attack):
    body = """
import os, resource
done = 0
for act in (
    lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (4, 4)),
    lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19),
    lambda: os.sched_setaffinity(os.getppid(), {0}),
):
    try:
        act()
        done += 1
    except OSError:
        pass
return done
"""
    assert attack(body).score == 0.0


def test_signals_to_the_server(attack: Attack):
    body = "import os\nos.kill(item['server'], 0)\nreturn 1"
    assert attack(body, server=os.getpid()).score is None


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGSEGV"])
def test_signals_to_the_parent_harm_nobody_else(attack: Attack, name: str):
    attack(f"import os, signal\nos.kill(os.getppid(), signal.{name})\nreturn 1")


def test_mounting_and_namespaces(attack: Attack):
    """No file system is called so: whoever may mount gets ENODEV (19), and nothing is mounted."""
    body = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.mount(b"none", b"/", b"no-such-file-system", 0, None)
done = [ctypes.get_errno() == 19, libc.unshare(0x10000000) == 0, libc.chroot(b".") == 0]
return sum(done)
"""
    assert attack(body).score == 0.0


def test_user_namespaces_by_another_door(attack: Attack):
    body = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
child = libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0x10000000 | 17, 0, 0, 0, 0)
if child == 0:
    os._exit(0)
return 1 if child > 0 else 0
"""
    assert attack(body).score == 0.0
