"""Exports of the served tiny model: what others load is what is served."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from burnish.core.errors import InvalidRequest, NotFound
from burnish.export.export import Exporter
from burnish.settings import Settings
from burnish.store.blobs import open_blobs
from burnish.store.store import open_store
from tests.contract.served import TUNED, write_served


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return write_served(tmp_path_factory.mktemp("served"))


@pytest.fixture
def exporter(settings):
    store = open_store(settings)
    yield Exporter(settings, store, open_blobs(settings))
    store.close()


def test_an_adapter_is_the_served_files_and_a_card(exporter, tmp_path: Path):
    assert exporter.export(TUNED, tmp_path / "out", merged=False, rows=2) is None
    served = exporter.blobs.get("models/job-1/adapter_model.safetensors")
    assert (tmp_path / "out" / "adapter_model.safetensors").read_bytes() == served
    assert json.loads((tmp_path / "out" / "adapter_config.json").read_text())["peft_type"] == "LORA"
    assert TUNED in (tmp_path / "out" / "README.md").read_text()


def test_merged_weights_load_in_plain_transformers_and_differ_from_the_base(exporter, settings, tmp_path: Path):
    parity = exporter.export(TUNED, tmp_path / "out", merged=True, rows=2)
    assert parity is not None
    assert parity.largest < 1e-3
    assert f"{parity.largest:.2e}" in (tmp_path / "out" / "README.md").read_text()
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    base = AutoModelForCausalLM.from_pretrained(settings.models.local["tiny"])
    ids = torch.tensor([AutoTokenizer.from_pretrained(tmp_path / "out").encode("hello")])
    assert not torch.allclose(merged(ids).logits, base(ids).logits, atol=1e-2)


def test_what_is_there_is_not_overwritten(exporter, tmp_path: Path):
    with pytest.raises(InvalidRequest, match="is there already"):
        exporter.export(TUNED, tmp_path, merged=False, rows=2)


def test_a_model_that_is_not_there_leaves_nothing(exporter, tmp_path: Path):
    with pytest.raises(NotFound):
        exporter.export("ft:tiny:local::nowhere0", tmp_path / "out", merged=False, rows=2)
    assert not (tmp_path / "out").exists()
