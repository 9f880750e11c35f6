from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from burnish.core.errors import InvalidRequest
from burnish.policy.embedder import Embedded, Embedder
from tests.embedding import MOST_TOKENS, write_static, write_transformer


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_transformer(tmp_path_factory.mktemp("embedder"))


def test_vectors_are_those_of_the_library_and_have_length_1(folder):
    embedder = Embedder.load(str(folder), 1)
    found = embedder.embed("hello")
    assert found.vector_D.tolist() == pytest.approx(SentenceTransformer(str(folder)).encode("hello").tolist(), abs=1e-6)
    assert float(np.linalg.norm(found.vector_D)) == pytest.approx(1.0)
    assert (embedder.dimensions, found.tokens) == (32, 7)  # five letters and two marks


def test_a_static_model_is_read_as_well(tmp_path):
    embedder = Embedder.load(str(write_static(tmp_path)), 1)
    found = embedder.embed("hello " * 100)
    assert (embedder.dimensions, found.tokens) == (16, 500)
    assert found.vector_D.tolist() == pytest.approx(embedder.embed("hello").vector_D.tolist(), abs=1e-6)


def test_nothing_is_printed(folder, capfd):
    Embedder.load(str(folder), 1).embed("hello")
    assert capfd.readouterr() == ("", "")


def test_the_same_text_has_the_same_bits(folder):
    first, again = Embedder.load(str(folder), 1), Embedder.load(str(folder), 1)
    again.embed("another text")
    assert first.embed("a text").vector_D.tobytes() == again.embed("a text").vector_D.tobytes()
    assert first.embed("a text") is first.embed("a text")


def test_a_text_that_is_too_long_is_refused_and_not_cut(folder):
    embedder = Embedder.load(str(folder), 1)
    assert embedder.embed("a" * (MOST_TOKENS - 2)).tokens == MOST_TOKENS
    with pytest.raises(InvalidRequest, match=f"{MOST_TOKENS + 1} tokens, and the model reads {MOST_TOKENS}") as caught:
        embedder.embed("a" * (MOST_TOKENS - 1))
    assert caught.value.code == "context_length_exceeded"


def test_the_models_own_prompt_counts(folder):
    model = SentenceTransformer(str(folder), prompts={"passage": "aaa"}, default_prompt_name="passage")
    embedder = Embedder(model)
    assert embedder.embed("b").tokens == 6  # three of the prompt, one of the text, two marks
    with pytest.raises(InvalidRequest):
        embedder.embed("a" * (MOST_TOKENS - 4))


def test_a_static_model_whose_tokenizer_cuts_reads_all_the_same(tmp_path):
    folder = write_static(tmp_path)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(4)
    tokenizer.save(str(folder / "tokenizer.json"))
    embedder = Embedder.load(str(folder), 1)
    assert embedder.embed("hello").tokens == 5
    assert embedder.embed("hellx").vector_D.tolist() != embedder.embed("helly").vector_D.tolist()


def test_fewer_dimensions_have_length_1_again():
    embedded = Embedded(np.array([0.48, 0.64, 0.6], np.float32), 1)
    assert embedded.shortened(2).tolist() == pytest.approx([0.6, 0.8])  # 0.48 and 0.64 over 0.8
    assert embedded.shortened(3) is embedded.vector_D
    assert Embedded(np.array([0, 1], np.float32), 1).shortened(1).tolist() == [0]


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path / "nowhere", lambda path: _broken(path)])
def test_what_is_no_embedding_model_is_told(tmp_path, make):
    with pytest.raises(InvalidRequest, match="cannot be loaded as an embedding model"):
        Embedder.load(str(make(tmp_path)), 1)


def _broken(path: Path) -> Path:
    folder = write_static(path)
    (folder / "model.safetensors").write_bytes(b"nothing")
    return folder
