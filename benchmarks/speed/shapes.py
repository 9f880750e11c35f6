"""The models that the speed benchmarks run on: random weights of two sizes, and the starter."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from burnish.settings import starter_directory

STARTER = "starter"
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's size; Qwen3 architecture, tied embeddings."""

    name: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int

    @property
    def parameters(self) -> int:
        """Weights of all linear layers and the embedding."""
        return self.layers * sum(wide * tall for wide, tall in self.linears) + self.vocab * self.hidden

    @property
    def linears(self) -> list[tuple[int, int]]:
        """Input and output width of the linear layers of one block, as they are called: q, k and v together."""
        queries, keys = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return [
            (self.hidden, queries + 2 * keys),
            (queries, self.hidden),
            (self.hidden, 2 * self.intermediate),
            (self.intermediate, self.hidden),
        ]


S = Shape("S", 4, 256, 4, 2, 64, 1024, 2048)
M = Shape("M", 12, 768, 12, 4, 64, 2304, 32000)
STARTER_SHAPE = Shape(STARTER, 4, 256, 4, 2, 64, 704, 2048)
SHAPES = {shape.name: shape for shape in (S, M, STARTER_SHAPE)}


def write_model(shape: Shape, directory: Path) -> Path:
    """A directory in Hugging Face's layout: the starter's own, or random weights (seed 0) with words for tokens."""
    if shape.name == STARTER:
        return starter_directory()
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


def word(index: int) -> str:
    """The text of a token: letters only, for byte-level tokenizers cut a word before its digits."""
    letters = ""
    while index:
        index, rest = divmod(index, 26)
        letters += chr(ord("a") + rest)
    return f"w{letters}"


def _tokenizer(vocab: int) -> PreTrainedTokenizerFast:
    """Byte-level pieces first, then made-up words, `vocab` in all, so that llguidance reads it too."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<bos>", "<eos>", "<pad>", *alphabet]
    words = {name: index for index, name in enumerate(names)}
    words |= {f"Ġ{word(index)}": index for index in range(len(names), vocab)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    inner.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", model_max_length=4096
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer
