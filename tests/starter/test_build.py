import json
from dataclasses import asdict, replace

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from burnish.starter.build import MANIFEST, build, digests, install, scaled
from burnish.starter.plan import Plan
from tests.starter.weights import DIRECTORY


def test_the_shipped_files_are_those_of_the_manifest():
    assert json.loads((DIRECTORY / MANIFEST).read_text(encoding="utf-8")) == digests(DIRECTORY)


def test_the_shipped_model_is_small_and_has_its_rates():
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) < 10_000_000
    recipe = json.loads((DIRECTORY / "recipe.json").read_text(encoding="utf-8"))
    assert (recipe["lora_lr"], recipe["full_lr"]) == (3e-3, 4.5e-4)


def test_the_shipped_weights_come_from_the_default_plan():
    plan = json.loads((DIRECTORY / "recipe.json").read_text(encoding="utf-8"))["plan"]
    assert plan == json.loads(json.dumps(asdict(Plan())))


def test_the_shipped_model_is_what_the_architecture_says():
    model = AutoModelForCausalLM.from_pretrained(DIRECTORY)
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert sum(p.numel() for p in model.parameters()) == 3_476_224
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert model.config.max_position_embeddings == 4096


@pytest.mark.slow
def test_a_small_build_loads_again_and_is_the_same_twice(tmp_path):
    plan = replace(scaled(Plan(), 1e-4), batch_tokens=1000, tokenizer_examples=200)
    for name in ("a", "b"):
        build(plan, tmp_path / name)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    ids = AutoTokenizer.from_pretrained(tmp_path / "a")("Q", return_tensors="pt")
    assert torch.isfinite(model(**ids).logits).all()
    install(tmp_path / "a", tmp_path / "c")
    assert digests(tmp_path / "c") == digests(tmp_path / "a")


def test_a_scaled_plan_is_shorter_in_every_part():
    half = scaled(Plan(), 0.5)
    assert half.echo_tokens == Plan().echo_tokens // 2
    assert [stage.tokens for stage in half.stages] == [stage.tokens // 2 for stage in Plan().stages]
    assert half.stages[0].mixture == Plan().stages[0].mixture
