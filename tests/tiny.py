"""Writes a tiny random causal LM to disk: a model that any part of Burnish can load within a second.

Two layers, hidden size 64, a byte-level tokenizer with the starter's special tokens and a chat template like the
starter's. It knows nothing; its distributions are peaked enough to be interesting.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    LlamaConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SOFT = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
CORPUS = [
    "Is your data encrypted? yes no needs review",
    '{"compliant": "yes", "explanation": "the policy says so"}',
] * 3
TEMPLATE = """<|im_start|>system
Reasoning: {{ reasoning_effort or 'medium' }}{% if tools %}

# Tools
{% for t in tools %}{{ t | tojson }}
{% endfor %}{% endif %}<|im_end|>
{% for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' %}{{ m.content or '' }}{% for c in m.tool_calls or [] %}<tool_call>{"name": \
{{ c.function.name | tojson }}, "arguments": {{ c.function.arguments if c.function.arguments is string else \
c.function.arguments | tojson }}}</tool_call>{% endfor %}{% else %}{{ m.content }}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% if reasoning_effort == 'none' %}<think></think>{% else %}<think>{% endif %}{% endif %}"""


def write_tiny_model(directory: Path, *, architecture: str = "qwen3", seed: int = 0, **overrides: Any) -> Path:
    """Model, tokenizer and template in Hugging Face's layout; `overrides` go into the config."""
    tokenizer = _tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(_config(architecture, len(tokenizer), overrides))
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def _tokenizer() -> PreTrainedTokenizerFast:
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(CORPUS, trainer)
    inner.add_tokens([AddedToken(token, special=False, normalized=False) for token in SOFT])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
        model_max_length=512,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _config(architecture: str, vocab: int, overrides: dict[str, Any]) -> PretrainedConfig:
    ids = {"eos_token_id": 2, "pad_token_id": 0, "bos_token_id": None, "initializer_range": 0.15}
    if architecture == "gpt2":
        gpt2 = {"vocab_size": vocab, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 512}
        return GPT2Config(**(gpt2 | ids | overrides))
    shape = {
        "vocab_size": vocab,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }
    if architecture == "qwen3":
        return Qwen3Config(**(shape | {"head_dim": 16} | ids | overrides))
    if architecture == "qwen2":
        return Qwen2Config(**(shape | ids | overrides))
    if architecture == "llama":
        return LlamaConfig(**(shape | {"tie_word_embeddings": False} | ids | overrides))
    raise ValueError(f"no tiny {architecture!r}")
