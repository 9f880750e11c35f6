"""Tiny models, loaded once per test run where nobody changes them."""

from pathlib import Path

import pytest
import torch

from burnish.policy.load import Base
from tests.tiny import write_tiny_model

ARCHITECTURES = ("qwen3", "llama", "gpt2", "qwen2")


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def directories(tmp_path_factory) -> dict[str, Path]:
    """Architecture -> a tiny model of it on disk."""
    return {name: write_tiny_model(tmp_path_factory.mktemp(name), architecture=name) for name in ARCHITECTURES}


@pytest.fixture(scope="session")
def bases(directories) -> dict[str, Base]:
    """Architecture -> a base that no test may train in full."""
    return {name: Base.load(directory) for name, directory in directories.items()}


@pytest.fixture(scope="session")
def base(bases) -> Base:
    return bases["qwen3"]
