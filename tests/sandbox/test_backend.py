import subprocess
import sys
from pathlib import Path

from burnish.sandbox.backend import Started, configuration, environment, interpreter, open_pipes, zygote_command
from burnish.sandbox.limits import Limits
from burnish.sandbox.seccomp import program


def test_the_interpreter_is_the_one_below_the_virtual_environment():
    said = subprocess.run([str(interpreter()), "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert said.stdout.strip() == sys.base_prefix


def test_a_grader_sees_no_variable_of_ours(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    process = open_pipes([str(interpreter()), "-c", "import os; print(sorted(os.environ))"], {"A": "1"})
    said, _ = process.communicate()
    assert b"OPENAI" not in said and b"'A'" in said
    assert environment("/tmp", None)["PYTHONHASHSEED"] == "0"
    assert environment("/tmp", Path("/x"))["NLTK_DATA"] == "/x/nltk_data"


def test_the_limits_become_the_kernels():
    made = configuration(
        Limits(memory_bytes=7, disk_bytes=5, open_files=3, processes=2), "/tmp", uid=4, has_namespaces=True
    )
    assert made["limits"] == {
        "RLIMIT_AS": 7,
        "RLIMIT_FSIZE": 5,
        "RLIMIT_NOFILE": 3,
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": 2,
    }
    assert (made["uid"], made["scratch"], made["confined"]) == (4, "/tmp", True)
    without = configuration(Limits(), "/tmp", uid=None, has_namespaces=False)
    assert "RLIMIT_NPROC" not in without["limits"]
    assert len(program()) % 8 == 0


def test_the_program_reads_from_text_and_loads_no_site_packages():
    *options, text = zygote_command()[1:]
    assert options == ["-s", "-S", "-P", "-B", "-c"]
    assert "import burnish" not in text and "from burnish" not in text


def test_closing_ends_children_and_empties_the_scratch_directory(tmp_path):
    scratch = tmp_path / "scratch"
    (scratch / "deep").mkdir(parents=True)
    parent = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    process = open_pipes([sys.executable, "-c", parent], {})
    assert process.stdout is not None and process.stdout.read(2) == b"1\n"
    started = Started(process, {}, scratch=scratch)
    started.stop()
    started.close()
    started.close()
    assert process.poll() is not None
    assert not scratch.exists()
