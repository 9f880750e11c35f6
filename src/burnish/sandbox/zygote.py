"""The program inside the sandbox: loads one grader, then forks for every grade.

It is handed as text to a bare interpreter and imports nothing of ours. It speaks in frames, four bytes of length and
JSON: it reads its configuration, confines itself, says `ready`, loads the source, says how that went, and from then
on answers each request with what a fork of it said. A fork cannot change what the next one starts from.
"""

import base64
import contextlib
import ctypes
import gc
import inspect
import json
import linecache
import os
import reprlib
import resource
import select
import signal
import stat
import struct
import sys
import time
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = "grader.py"
"""How tracebacks name the user's source."""
MAX_SCORE = 1e9
MAX_ANSWER_BYTES = 128 * 1024
MAX_ERROR_CHARACTERS = 8000
_LOOK_S = 0.05
"""How often a fork is looked at that says nothing."""
_LAST_LOOKS = 10
_SECCOMP, _DROP_BOUND, _SUBREAPER, _NO_NEW_PRIVILEGES = 22, 24, 36, 38

Answer = dict[str, Any]


def main() -> None:
    """Serve until standard input ends."""
    commands, answers = _take_pipes()
    configuration = json.loads(read_frame(commands))
    confine(configuration)
    is_first = os.getpid() == 1
    if is_first:
        _leave_a_guard(commands, answers)
    write_frame(answers, {"ready": True})
    _silence(2)
    grader = Grader(configuration["source"], configuration["path"])
    cell = Cell(commands, str(Path(configuration["scratch"]).resolve()), is_alone=is_first)
    write_frame(answers, grader.load())
    cell.tidy()
    gc.collect()
    gc.freeze()
    while True:
        write_frame(answers, cell.forked(grader, read_frame(commands)))
        cell.tidy()


def read_frame(source: int) -> bytes:
    """One frame's content. Raises `EOFError`."""
    (length,) = struct.unpack(">I", _read(source, 4))
    return _read(source, length)


def write_frame(target: int, content: Answer) -> None:
    """Send one frame."""
    written = json.dumps(content).encode()
    rest = memoryview(struct.pack(">I", len(written)) + written)
    while rest:
        rest = rest[os.write(target, rest) :]


def _read(source: int, length: int) -> bytes:
    content = b""
    while len(content) < length:
        part = os.read(source, length - len(content))
        if not part:
            raise EOFError
        content += part
    return content


def _take_pipes() -> tuple[int, int]:
    """Standard input and output, moved to where the user's code does not write by accident."""
    commands, answers = os.dup(0), os.dup(1)
    _silence(0, 1)
    return commands, answers


def _silence(*files: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in files:
        os.dup2(nothing, file)
    os.close(nothing)


def confine(configuration: Answer) -> None:
    """Give up, for good, whatever the user's code shall not have."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not configuration["confined"]:
        return
    for name, value in configuration["limits"].items():
        number = getattr(resource, name)
        resource.setrlimit(number, (value, value))
    libc = ctypes.CDLL(None, use_errno=True)
    if configuration["uid"] is not None:
        os.setgroups([])
        os.setresgid(*[configuration["uid"]] * 3)
    for capability in range(64):
        libc.prctl(_DROP_BOUND, capability, 0, 0, 0)
    if configuration["uid"] is not None:
        os.setresuid(*[configuration["uid"]] * 3)
    _drop_capabilities(libc)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    _must(libc, libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    program = base64.b64decode(configuration["filter"])
    text = ctypes.create_string_buffer(program, len(program))
    _must(libc, libc.prctl(_SECCOMP, 2, ctypes.byref(_Program(len(program) // 8, ctypes.addressof(text))), 0, 0))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    version_3 = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _must(libc, libc.capset(version_3, (ctypes.c_uint32 * 6)()))


def _must(libc: ctypes.CDLL, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _leave_a_guard(commands: int, answers: int) -> None:
    """Go on as a child. The first process of a namespace, with which all others end, runs no code of the user's.

    It ends when the server is gone, whatever the rest is doing, or when the child has.
    """
    alive, life = os.pipe()
    if os.fork() == 0:
        os.close(alive)
        return
    os.close(life)
    os.close(answers)
    _silence(2)
    poll = select.poll()
    poll.register(commands, 0)
    poll.register(alive, 0)
    poll.poll()
    os._exit(0)


class Refused(Exception):
    """The source or its result is not as documented; told without a traceback."""


class Grader:
    """The user's source."""

    def __init__(self, source: str, path: list[str]) -> None:
        self.source, self.path = source, path
        self.function: Callable[..., Any] | None = None
        self.failure: Answer = {}

    def load(self) -> Answer:
        """Run the module and find its `grade`; `{}` where that went well."""
        answer = attempt(self._load)
        if "error" in answer:
            self.failure = answer
        return self.failure

    def _load(self) -> float:
        sys.path.extend(self.path)
        lines = self.source.splitlines(keepends=True)
        linecache.cache[FILE] = (len(self.source), None, lines, FILE)
        module = types.ModuleType("grader")
        module.__file__ = FILE
        sys.modules["grader"] = module
        exec(compile(self.source, FILE, "exec", dont_inherit=True), module.__dict__)
        self.function = _checked(getattr(module, "grade", None))
        return 0.0

    def grade(self, request: bytes) -> Answer:
        """What the user's function makes of a request."""
        return attempt(lambda: self._grade(request))

    def _grade(self, request: bytes) -> float:
        assert self.function is not None
        try:
            arguments = json.loads(request)
        except RecursionError:
            raise Refused("The row or the answer is nested too deeply to be graded.") from None
        return number(self.function(arguments["sample"], arguments["item"]))


def _checked(found: Any) -> Callable[..., Any]:
    if not callable(found):
        raise Refused("The source defines no function 'grade'; write def grade(sample, item): ...")
    function: Callable[..., Any] = found
    if inspect.iscoroutinefunction(function):
        raise Refused("'grade' is async; write def grade(sample, item): ...")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function
    try:
        signature.bind({}, {})
    except TypeError:
        raise Refused(f"'grade' must take two arguments, (sample, item); this one takes {signature}.") from None
    return function


def number(value: Any) -> float:
    """The score that a returned value means: whatever `float` takes, finite and not beyond `MAX_SCORE`."""
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        kind = type(value).__name__
        raise Refused(f"'grade' must return a number; it returned {reprlib.repr(value)} ({kind}).") from None
    if not abs(score) <= MAX_SCORE:
        raise Refused(f"'grade' must return a number from {-MAX_SCORE:g} to {MAX_SCORE:g}; it returned {score!r}.")
    return score


def attempt(act: Callable[[], float]) -> Answer:
    """The number, or what went wrong."""
    try:
        return {"score": act()}
    except BaseException as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        return {"error": shortened(told(error)), "missing": missing}


def told(error: BaseException) -> str:
    """A traceback of the user's lines only."""
    if isinstance(error, Refused):
        return str(error)
    shown = traceback.TracebackException.from_exception(error)
    _keep_theirs(shown)
    return "".join(shown.format()).strip()


def _keep_theirs(shown: traceback.TracebackException) -> None:
    """Drop all other lines, from the exceptions that it came from and holds as well."""
    waiting = [shown]
    while waiting:
        each = waiting.pop()
        each.stack = traceback.StackSummary.from_list([frame for frame in each.stack if frame.filename == FILE])
        waiting += [near for near in (each.__cause__, each.__context__, *(each.exceptions or ())) if near is not None]


def shortened(text: str) -> str:
    """The text without its middle, where it is too long: a traceback's end matters most."""
    if len(text) <= MAX_ERROR_CHARACTERS:
        return text
    quarter = MAX_ERROR_CHARACTERS // 4
    return f"{text[:quarter]}\n[…]\n{text[-3 * quarter :]}"


class Cell:
    """The surroundings of one fork at a time."""

    def __init__(self, commands: int, scratch: str, *, is_alone: bool) -> None:
        """`is_alone`: every process that can be seen was started here."""
        self.commands, self.scratch, self.is_alone = commands, scratch, is_alone

    def forked(self, grader: Grader, request: bytes) -> Answer:
        """A grade by a fork, which is gone when this returns."""
        if grader.failure:
            return grader.failure
        reader, writer = os.pipe()
        fork = os.fork()
        if fork == 0:
            self._be_fork(grader, request, writer)
        os.close(writer)
        try:
            return self._listen(fork, reader)
        finally:
            os.close(reader)

    def _be_fork(self, grader: Grader, request: bytes, writer: int) -> None:
        """Answer on a pipe of its own; no other file is left open."""
        try:
            os.setpgid(0, 0)  # a session would be a scheduling group too, which is slow to make
            answers = os.dup2(writer, 3, inheritable=False)
            os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            signal.signal(signal.SIGINT, signal.default_int_handler)
            write_frame(answers, grader.grade(request))
        finally:
            os._exit(0)

    def _listen(self, fork: int, reader: int) -> Answer:
        os.set_blocking(reader, False)
        heard, status = b"", None
        while not _is_whole(heard) and len(heard) < MAX_ANSWER_BYTES:
            ready = dict(self._poll(reader))
            if self.commands in ready:  # nothing is sent to us now but the end
                raise EOFError
            part = self._part(reader)
            if part:
                heard += part
            elif part == b"" or status is not None:
                break
            elif not ready:
                done, code = os.waitpid(fork, os.WNOHANG)
                status = code if done else None
        for kill in (os.killpg, os.kill):  # it may have left its group
            with contextlib.suppress(ProcessLookupError):
                kill(fork, signal.SIGKILL)
        if status is None:
            status = os.waitpid(fork, 0)[1]
        return _understood(heard) if _is_whole(heard) else {"error": _end(status), "missing": None}

    def _poll(self, reader: int) -> list[tuple[int, int]]:
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(self.commands, select.POLLIN)
        return poll.poll(_LOOK_S * 1000)

    def _part(self, reader: int) -> bytes | None:
        """What is there; None where nothing is, empty where nothing will be."""
        try:
            return os.read(reader, MAX_ANSWER_BYTES)
        except BlockingIOError:
            return None

    def tidy(self) -> None:
        """Leave no process and no file behind; where that fails, end, and the next grade gets a new sandbox."""
        if self.is_alone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        self._reap()
        empty(self.scratch)

    def _reap(self) -> None:
        """Where nobody else may be killed at random, whoever is still there has left its group and is not found."""
        for _ in range(_LAST_LOOKS):
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(_LOOK_S)
        sys.exit("a process was left behind")


def empty(directory: str) -> None:
    """Remove all that a directory holds, however deep it goes. Raises `OSError` where something stays."""
    root = Path(directory)
    while paths := list(root.iterdir()):
        for path in paths:
            if path.is_symlink() or not path.is_dir():
                path.unlink()
                continue
            path.chmod(stat.S_IRWXU)
            for child in list(path.iterdir()):  # up, so that neither paths nor calls grow with the depth
                if child.is_dir() and not child.is_symlink():
                    child.chmod(stat.S_IRWXU)
                child.rename(root / os.urandom(16).hex())
            path.rmdir()


def _is_whole(heard: bytes) -> bool:
    return len(heard) >= 4 and len(heard) >= 4 + int.from_bytes(heard[:4], "big")


def _understood(heard: bytes) -> Answer:
    """The first frame; what follows is nobody's."""
    try:
        answer = json.loads(heard[4 : 4 + int.from_bytes(heard[:4], "big")])
    except (ValueError, RecursionError):
        answer = None
    return answer if isinstance(answer, dict) else {"error": "The grader answered in our place.", "missing": None}


def _end(status: int) -> str:
    """How a fork ended that gave no answer."""
    code = os.waitstatus_to_exitcode(status)
    names = {each.value: each.name for each in signal.Signals}
    how = f"ended with exit code {code}" if code >= 0 else f"was killed by {names.get(-code, f'signal {-code}')}"
    return f"The grader's process {how} before 'grade' returned."


if __name__ == "__main__":
    with contextlib.suppress(EOFError):
        main()
