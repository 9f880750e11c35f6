import json

import peft
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from burnish.core.errors import InvalidRequest
from burnish.policy.adapter import Adapter, Route
from burnish.policy.attention import TreeAttention
from burnish.policy.pack import pack
from tests.policy.asking import learnt, prompt


def _logits(base, routes):
    packed = pack([prompt(base)])
    with torch.no_grad(), base.routing.through(routes):
        hidden_NX = base.network.hidden(packed.ids_N, packed.position_N, TreeAttention(packed.buckets))
        return base.network.logits(hidden_NX)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's call, not ours
@pytest.mark.parametrize("architecture", ["qwen3", "llama", "gpt2"])
def test_peft_reads_what_we_write_and_computes_the_same(bases, directories, architecture, tmp_path):
    base = bases[architecture]
    adapter = learnt(base)
    adapter.write(tmp_path / "tuned", "tiny", base.routing.is_transposed)
    plain = AutoModelForCausalLM.from_pretrained(directories[architecture], attn_implementation="eager")
    with torch.no_grad():
        theirs = (
            peft.PeftModel.from_pretrained(plain, tmp_path / "tuned")
            .eval()(input_ids=torch.tensor([prompt(base).tolist()]), use_cache=False)
            .logits[0]
        )
    torch.testing.assert_close(_logits(base, [Route(adapter, None)]), theirs, rtol=1e-4, atol=1e-4)


def test_it_is_read_as_it_was_written(base, tmp_path):
    adapter = learnt(base)
    adapter.write(tmp_path / "tuned", "tiny")
    again = Adapter.read(tmp_path / "tuned", base.routing.targets)
    assert (again.rank, again.alpha) == (adapter.rank, adapter.alpha)
    for name, tensor in adapter.tensors().items():
        assert torch.equal(again.tensors()[name], tensor)


def test_the_directory_has_pefts_names(base, tmp_path):
    files = learnt(base).write(tmp_path / "tuned", "tiny")
    assert sorted(files) == ["adapter_config.json", "adapter_model.safetensors"]
    config = json.loads((tmp_path / "tuned" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert config["target_modules"] == ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    keys = load_file(tmp_path / "tuned" / "adapter_model.safetensors")
    assert "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" in keys
    assert len(keys) == 2 * 7 * 2


def test_a_fresh_adapter_changes_nothing(base):
    fresh = Adapter.fresh(base.routing.targets, 4, 8.0, seed=1)
    assert torch.equal(_logits(base, [Route(fresh, None)]), _logits(base, []))


def test_a_fresh_adapter_follows_from_its_seed(base):
    one, same, other = (Adapter.fresh(base.routing.targets, 4, 8.0, seed) for seed in (1, 1, 2))
    name = "model.layers.0.mlp.up_proj"
    assert torch.equal(one.factors[name].a_rI, same.factors[name].a_rI)
    assert not torch.equal(one.factors[name].a_rI, other.factors[name].a_rI)
    assert one.factors[name].a_rI.abs().max() <= 64**-0.5


def test_the_share_is_scaled_by_alpha_over_rank(base):
    adapter = learnt(base)
    doubled = Adapter(adapter.rank, 2 * adapter.alpha, adapter.factors)
    halved = Adapter(
        adapter.rank,
        adapter.alpha,
        {name: type(each)(each.a_rI, torch.nn.Parameter(each.b_Or * 2)) for name, each in adapter.factors.items()},
    )
    torch.testing.assert_close(_logits(base, [Route(doubled, None)]), _logits(base, [Route(halved, None)]))


def test_embeddings_and_head_take_no_adapter(bases):
    for base in bases.values():
        assert not {"lm_head"} & set(base.routing.targets)
        assert not [name for name in base.routing.targets if "embed" in name or "wte" in name]


def test_what_does_not_fit_is_refused(base, tmp_path):
    adapter = learnt(base)
    adapter.write(tmp_path / "tuned", "tiny")
    fewer = {name: shape for name, shape in base.routing.targets.items() if "mlp" not in name}
    with pytest.raises(InvalidRequest, match="does not fit"):
        Adapter.read(tmp_path / "tuned", fewer)
    config = json.loads((tmp_path / "tuned" / "adapter_config.json").read_text())
    (tmp_path / "tuned" / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))
    with pytest.raises(InvalidRequest, match="plain LoRA"):
        Adapter.read(tmp_path / "tuned", base.routing.targets)
