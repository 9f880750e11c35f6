import os

from burnish.infer.memory import (
    PARAMETER_BYTES,
    PROCESS_BYTES,
    limit_of,
    needed_bytes,
    resident_bytes,
    rows_bytes,
    weights_of,
)
from burnish.policy.load import Base
from tests.tiny import write_tiny_model


def test_a_process_needs_itself_its_rows_and_its_parameters(tmp_path):
    files = weights_of(str(write_tiny_model(tmp_path / "tiny")))
    parameters = sum(part.numel() for part in Base.load(tmp_path / "tiny").model.parameters())
    assert needed_bytes(files, 8000) == PROCESS_BYTES + 1000 + PARAMETER_BYTES * parameters


def test_the_starter_lies_in_the_package():
    assert [path.name for path in weights_of("burnish-starter")] == ["model.safetensors"]


def test_of_a_model_that_is_not_there_nothing_is_known(tmp_path):
    assert weights_of(str(tmp_path / "nowhere")) == []


def test_a_limit_that_is_set_is_the_limit():
    assert limit_of(123) == 123


def test_without_one_most_of_the_memory_may_be_taken():
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < limit_of(None) <= 0.8 * machine
    assert rows_bytes(limit_of(None)) < limit_of(None) / 4


def test_a_process_that_is_gone_holds_nothing():
    assert resident_bytes(2**22 + 1) == 0
    assert resident_bytes(os.getpid()) > 1_000_000
