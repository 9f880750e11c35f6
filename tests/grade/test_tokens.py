import pytest
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from burnish.grade.tokens import ngrams, tokens

TEXTS = [
    "",
    "Hello, world.",
    "It costs 1,000.50 dollars (or 3-4 more)...",
    "end-of-\nline and a\nnew one  ",
    "&quot;A &amp; B&quot; &lt;b&gt; <skipped> x",
    "state-of-the-art 2-3 a.b .5 5. ,5 don't [x] {y} a/b c:d e;f g@h ~ ` _ ^ \\ | #",
    "日本語 です。 naïve café",
]


def test_marks_stand_alone_and_numbers_stay_whole():
    assert tokens("It costs 1,000.50 dollars (a lot)!") == [
        "It",
        "costs",
        "1,000.50",
        "dollars",
        "(",
        "a",
        "lot",
        ")",
        "!",
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_they_are_those_of_sacrebleu(text):
    assert tokens(text) == Tokenizer13a()(text.rstrip()).split()


def test_ngrams_are_counted():
    assert ngrams(["a", "b", "a", "b"], 2) == {("a", "b"): 2, ("b", "a"): 1}
    assert ngrams(["a"], 2) == {}
