import dataclasses
import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from burnish.starter.build import MANIFEST, build, digests, install, scaled
from burnish.starter.plan import FIRST, Plan
from tests.starter.weights import DIRECTORY


def test_the_shipped_files_are_those_of_the_manifest():
    assert json.loads((DIRECTORY / MANIFEST).read_text(encoding="utf-8")) == digests(DIRECTORY)


def test_the_shipped_model_is_small_and_finished():
    assert sum(path.stat().st_size for path in DIRECTORY.iterdir()) < 10_000_000
    recipe = json.loads((DIRECTORY / "recipe.json").read_text(encoding="utf-8"))
    assert (recipe["lora_lr"], recipe["full_lr"]) == (3e-3, 4.5e-4)
    assert recipe["base"]["finished"]


def test_the_shipped_weights_come_from_the_default_plan():
    plan = json.loads((DIRECTORY / "recipe.json").read_text(encoding="utf-8"))["base"]["plan"]
    assert plan == json.loads(json.dumps(dataclasses.asdict(Plan())))


def test_the_shipped_model_is_what_the_architecture_says():
    model = AutoModelForCausalLM.from_pretrained(DIRECTORY)
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert sum(p.numel() for p in model.parameters()) == 3_476_224
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert model.config.max_position_embeddings == 4096


@pytest.mark.slow
def test_a_small_build_loads_again_and_is_the_same_twice(tmp_path):
    stages = tuple(dataclasses.replace(stage, tokens=1000, steps=None) for stage in Plan().stages)
    plan = Plan(stages, batch_tokens=1000, tokenizer_examples=200)
    for name in ("a", "b"):
        build(plan, tmp_path / name)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "a")
    ids = AutoTokenizer.from_pretrained(tmp_path / "a")("Q", return_tensors="pt")
    assert torch.isfinite(model(**ids).logits).all()
    install(tmp_path / "a", tmp_path / "c")
    assert digests(tmp_path / "c") == digests(tmp_path / "a")


@pytest.mark.slow
def test_a_later_stage_goes_on_where_the_one_before_was_left(tmp_path):
    stages = tuple(dataclasses.replace(stage, tokens=500, steps=None) for stage in Plan().stages)
    plan = Plan(stages, batch_tokens=1000, tokenizer_examples=200)
    build(plan, tmp_path / "a")
    shutil.copytree(tmp_path / "a" / "stage-1", tmp_path / "b" / "stage-1")
    build(plan, tmp_path / "b", begin=2)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_a_scaled_stage_is_shorter_in_tokens_and_steps():
    half = scaled(FIRST, 0.5)
    assert half.tokens == FIRST.tokens // 2
    assert half.steps == FIRST.steps // 2
    assert half.mixture == FIRST.mixture
