"""The models and prompts that the speed benchmarks run on: random weights, Qwen3 architecture, word-level tokenizer."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's size."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int


S = Shape("S", 4, 256, 4, 2, 64, 1024, 2048)
M = Shape("M", 12, 768, 12, 4, 64, 2304, 32000)
SHAPES = {shape.name: shape for shape in (S, M)}


def write_model(shape: Shape, directory: Path) -> Path:
    """Random weights (seed 0) and a tokenizer of exactly `vocab` words, in Hugging Face's layout."""
    if (directory / "config.json").exists():
        return directory
    torch.manual_seed(0)
    config = Qwen3Config(
        num_hidden_layers=shape.layers,
        hidden_size=shape.hidden,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        intermediate_size=shape.intermediate,
        vocab_size=shape.vocab,
        tie_word_embeddings=True,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    Qwen3ForCausalLM(config).save_pretrained(directory)
    _tokenizer(shape.vocab).save_pretrained(directory)
    return directory


def _tokenizer(vocab: int) -> PreTrainedTokenizerFast:
    """Byte-level pieces first, then made-up words, so that llguidance reads it too."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<bos>", "<eos>", "<pad>", *alphabet]
    words = {name: index for index, name in enumerate(names)}
    words |= {f"Ġw{index}": index for index in range(len(names), vocab)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", model_max_length=4096
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def prompts(shape: Shape, count: int, tokens: int) -> list[list[int]]:
    """`count` prompts of `tokens` random words each (seed 1)."""
    generator = torch.Generator().manual_seed(1)
    ids: list[list[int]] = torch.randint(300, shape.vocab, (count, tokens), generator=generator).tolist()
    return ids
