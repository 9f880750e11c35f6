import json

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, MambaConfig

from burnish.core.errors import InvalidRequest
from burnish.policy.load import Base, Recipe
from tests.tiny import write_tiny_model


def test_auto_learning_rates_follow_the_width():
    assert Recipe.by_size(1024) == Recipe(pytest.approx(1e-4), pytest.approx(1e-5))
    assert Recipe.by_size(2048).lora_lr == pytest.approx(1e-4 * 0.5**1.2)
    assert Recipe.by_size(64).lora_lr == 5e-4
    assert Recipe.by_size(10**6).lora_lr == 1e-5


def test_a_recipe_beside_the_weights_wins(tmp_path):
    write_tiny_model(tmp_path)
    (tmp_path / "recipe.json").write_text(json.dumps({"lora_lr": 2e-3, "full_lr": 3e-4, "note": "measured"}))
    assert Base.load(tmp_path).recipe == Recipe(2e-3, 3e-4)
    (tmp_path / "recipe.json").write_text(json.dumps({"lora_lr": 1, "full_lr": 1, "reasoning_tokens": 20}))
    assert Base.load(tmp_path).renderer.reasoning_budget("high") == 20


def test_a_base_knows_its_context_and_stop_tokens(base):
    assert base.context == 512
    assert base.vocabulary.stop_ids == (2,)


def test_a_second_copy_has_the_weights_on_disk(directories):
    base = Base.load(directories["qwen3"])
    base.model.get_input_embeddings().weight.data.zero_()
    assert base.again().model.get_input_embeddings().weight.abs().sum() > 0


def test_loading_sets_the_thread_count(directories):
    Base.load(directories["qwen3"], threads=1)
    assert torch.get_num_threads() == 1


def test_a_sliding_window_is_refused(tmp_path):
    write_tiny_model(tmp_path, architecture="qwen2", use_sliding_window=True, sliding_window=16, max_window_layers=1)
    with pytest.raises(InvalidRequest, match="sliding"):
        Base.load(tmp_path)


@pytest.mark.parametrize("kind", ["capped", "stateful"])
def test_what_we_cannot_compute_exactly_is_refused(tmp_path, directories, kind):
    ids = {"eos_token_id": 2, "pad_token_id": 0, "bos_token_id": None}
    if kind == "capped":
        config = Gemma2Config(
            vocab_size=306,
            hidden_size=64,
            num_hidden_layers=2,
            intermediate_size=128,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            max_position_embeddings=512,
            layer_types=["full_attention"] * 2,
            **ids,
        )
    else:
        config = MambaConfig(vocab_size=306, hidden_size=64, num_hidden_layers=2, **ids)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((directories["qwen3"] / name).read_bytes())
    with pytest.raises(InvalidRequest):
        Base.load(tmp_path)


def test_weights_other_than_safetensors_are_refused(tmp_path):
    write_tiny_model(tmp_path)
    torch.save({}, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InvalidRequest, match="cannot be loaded"):
        Base.load(tmp_path)


def test_weights_that_are_damaged_are_refused(tmp_path):
    write_tiny_model(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InvalidRequest, match="cannot be loaded"):
        Base.load(tmp_path)


def test_a_directory_without_a_model_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="cannot be loaded"):
        Base.load(tmp_path)
