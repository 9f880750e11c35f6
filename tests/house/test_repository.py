"""What may lie in the repository: nothing of one machine's, no weights but the starter's, the whole licence."""

import re
from pathlib import Path

from tests.house.tree import ROOT, repository_files

HOSTS = {"pypi.org", "files.pythonhosted.org", "download.pytorch.org"}
"""The package hosts that documentation and scripts may name."""
STARTER = "src/burnish/starter/"
WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".npz", ".npy", ".pkl"}
TEXT = {"", ".py", ".md", ".toml", ".txt", ".sh", ".json", ".jsonl", ".yml", ".yaml", ".csv", ".html", ".cfg"}
LARGEST_BYTES = 1_000_000

_MACHINE_PATH = re.compile(r"(?<![\w./~*-])/(?:work|root|home|Users|opt|mnt|data)/[\w.-]+")
_URL = re.compile(r"https?://([\w.-]+)")
_PACKAGE_HOST = re.compile(r"pypi|wheel|mirror|artifact|nexus|registry|anaconda|pytorch|pythonhosted")
_FIND_LINKS = re.compile(r"--find-links[ =](?!\$)|(?:^|\s)find-links\s*=")


def test_no_file_names_this_machine():
    assert [line for path in _texts() for line in machine_words(_name(path), path.read_text(encoding="utf-8"))] == []


def test_no_weights_but_the_starters():
    assert [_name(path) for path in repository_files() if is_foreign_weight(_name(path))] == []


def test_no_large_file_but_the_starters():
    sizes = {_name(path): path.stat().st_size for path in repository_files()}
    assert {name: size for name, size in sizes.items() if is_too_large(name, size)} == {}


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:6] == ["Apache", "License", "Version", "2.0,", "January", "2004"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_a_path_of_one_machine_is_found():
    for path in ("work/main", "root/x", "home/ann", "Users/ann", "opt/wheels"):
        assert machine_words("README.md", f"see '/{path}' there") != []
    assert machine_words("README.md", "src/burnish/work/plan.py, tests/work/test_plan.py, ./work/x, /v1/files") == []


def test_a_foreign_package_host_is_found():
    assert machine_words("README.md", "--index-url https://pypi.example.com/simple") != []
    assert machine_words("setup.sh", "pip install --find-links wheels torch") != []
    assert machine_words("README.md", "https://download.pytorch.org/whl/cpu and https://github.com/openai") == []


def test_foreign_weights_and_large_files_are_found():
    assert is_foreign_weight("examples/adapter.safetensors")
    assert not is_foreign_weight(STARTER + "model.safetensors")
    assert is_too_large("docs/video.mp4", LARGEST_BYTES + 1)
    assert not is_too_large(STARTER + "model.safetensors", LARGEST_BYTES + 1)


def machine_words(name: str, text: str) -> list[str]:
    """Lines that only make sense on one machine or in one network."""
    wrong = []
    for number, line in enumerate(text.splitlines(), start=1):
        hosts = [host for host in _URL.findall(line) if _PACKAGE_HOST.search(host) and host not in HOSTS]
        if _MACHINE_PATH.search(line) or _FIND_LINKS.search(line) or hosts:
            wrong.append(f"{name}:{number}: {line.strip()[:120]}")
    return wrong


def is_foreign_weight(name: str) -> bool:
    """Whether a file holds weights that are not the starter's."""
    return Path(name).suffix in WEIGHTS and not name.startswith(STARTER)


def is_too_large(name: str, size: int) -> bool:
    """Whether a file is larger than a repository wants; the starter's may be."""
    return size > LARGEST_BYTES and not name.startswith(STARTER)


def _texts() -> list[Path]:
    """Text files; this one's made-up bad lines are left out."""
    return [path for path in repository_files() if path.suffix in TEXT and path != Path(__file__)]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
