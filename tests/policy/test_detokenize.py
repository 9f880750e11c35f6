import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from burnish.policy.detokenize import Detokenizer


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """One token per byte."""
    vocabulary = {letter: index for index, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner)


@pytest.mark.parametrize("text", ["plain", "naïve café", "日本語", "👩‍👩‍👧 ok", "a\u0301 é", "𝄞", " two  blanks "])
def test_pieces_are_whole_characters_and_join_to_the_text(tokenizer, text):
    detokenizer = Detokenizer(tokenizer)
    pieces = [detokenizer.push(token) for token in tokenizer.encode(text, add_special_tokens=False)]
    assert "".join(pieces) + detokenizer.flush() == text
    assert not any("�" in piece for piece in pieces)
    assert detokenizer.flush() == ""


def test_a_character_comes_with_its_last_byte(tokenizer):
    detokenizer = Detokenizer(tokenizer)
    assert [detokenizer.push(token) for token in tokenizer.encode("é👍", add_special_tokens=False)] == [
        "",
        "é",
        "",
        "",
        "",
        "👍",
    ]


def test_an_incomplete_character_at_the_end_is_what_a_plain_decode_makes_of_it(tokenizer):
    ids = tokenizer.encode("ok👍", add_special_tokens=False)[:-1]
    detokenizer = Detokenizer(tokenizer)
    pieces = [detokenizer.push(token) for token in ids]
    assert pieces == ["o", "k", "", "", ""]
    assert detokenizer.flush() == "�" == tokenizer.decode(ids)[2:]
