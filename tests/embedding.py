"""Tiny embedding models with random weights, as sentence-transformers writes them."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, StaticEmbedding, Transformer
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

MOST_TOKENS = 32
"""Of the transformer; the static model reads texts of any length."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_transformer(directory: Path) -> Path:
    """A BERT of two layers, mean pooling, 32 dimensions; a token a letter, and two marks."""
    torch.manual_seed(0)
    parts = directory / "parts"
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=4 + len(LETTERS), **shape)).save_pretrained(parts)
    _tokenizer().save_pretrained(parts)
    transformer = Transformer(str(parts), max_seq_length=MOST_TOKENS)
    SentenceTransformer(modules=[transformer, Pooling(32), Normalize()]).save(str(directory / "transformer"))
    return directory / "transformer"


def write_static(directory: Path) -> Path:
    """A vector of 16 dimensions a token, and their mean."""
    torch.manual_seed(0)
    model = SentenceTransformer(modules=[StaticEmbedding(_tokenizer(), embedding_dim=16)])
    model.save(str(directory / "static"))
    return directory / "static"


def _tokenizer() -> PreTrainedTokenizerFast:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS]
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, "[UNK]"))
    tokenizer.normalizer = Replace(" ", "")
    tokenizer.pre_tokenizer = Split(Regex("."), "isolated")
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
