"""Where the kernels come from, and what happens where they cannot be made."""

import logging
import shutil
import subprocess
import sys

import pytest
import torch

from burnish.policy.kernels import build
from burnish.policy.kernels.native import NativeKernels, kernels
from burnish.policy.kernels.plain import PlainKernels


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """As in a process of its own, with an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build.library.cache_clear()
    yield tmp_path / "burnish" / "kernels"
    build.library.cache_clear()


needs_compiler = pytest.mark.skipif(
    not any(shutil.which(name) for name in build.COMPILERS), reason="there is no C++ compiler"
)


@needs_compiler
def test_they_are_compiled_once(fresh):
    assert isinstance(kernels(), NativeKernels)
    (file,) = fresh.iterdir()
    assert file.name.startswith(build.digest())
    made = file.stat().st_mtime_ns
    build.library.cache_clear()
    assert isinstance(kernels(), NativeKernels)
    assert [(each, each.stat().st_mtime_ns) for each in fresh.iterdir()] == [(file, made)]


@needs_compiler
def test_a_compiler_without_openmp_makes_them_without_threads(fresh, monkeypatch):
    monkeypatch.setattr(build, "THREADED", "-fno-such-thing")
    assert isinstance(kernels(), NativeKernels)
    (file,) = fresh.iterdir()
    assert file.name.endswith("-thread.so")


@needs_compiler
def test_an_openmp_that_is_not_torchs_is_done_without(fresh, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    assert isinstance(kernels(), NativeKernels)
    assert "-thread.so" in {file.name[-10:] for file in fresh.iterdir()}


def test_without_a_compiler_they_run_in_torch(fresh, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(fresh))
    with caplog.at_level(logging.INFO):
        assert isinstance(kernels(), PlainKernels)
        assert isinstance(kernels(), PlainKernels)
    assert caplog.messages == ["no C++ compiler: the kernels run in plain torch"]


def test_a_compiler_that_fails_is_told_and_done_without(fresh, monkeypatch, caplog):
    tools = fresh.parent / "bin"
    tools.mkdir(parents=True)
    compiler = tools / "g++"
    compiler.write_text('#!/bin/sh\n[ "$1" = --version ] && exit 0\nexit 1\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    assert isinstance(kernels(), PlainKernels)
    assert caplog.messages == ["the kernels could not be compiled; they run in plain torch"]
    assert list(fresh.iterdir()) == []


@needs_compiler
def test_a_cache_that_cannot_be_written_is_told_by_name(fresh, caplog):
    fresh.parent.parent.joinpath("burnish").write_text("a file where the directory should be")
    assert isinstance(kernels(), PlainKernels)
    assert str(fresh.parent) in caplog.records[0].error


@needs_compiler
def test_several_processes_may_make_them_at_a_time(fresh):
    command = [sys.executable, "-c", "from burnish.policy.kernels.build import library; assert library() is not None"]
    both = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert len(list(fresh.iterdir())) == 1
