from statistics import fmean

from benchmarks.speed.ours import forbid_stops, load
from benchmarks.speed.shapes import SHAPES, STARTER, write_model
from benchmarks.speed.work import FIRST_WORD, LONG, RAGGED, SHORT, TASK, texts


def test_ragged_lengths_are_those_that_were_published():
    assert RAGGED.lengths_at(0) == RAGGED.lengths_at(0) != RAGGED.lengths_at(1)
    lengths = [length for step in range(50) for length in RAGGED.lengths_at(step)]
    assert min(lengths) == 10 and max(lengths) == 128
    assert 38 < fmean(lengths) < 41


def test_full_lengths_are_the_most_and_free_ones_are_not_forced():
    assert SHORT.lengths_at(3) == [128] * 64
    assert TASK.lengths_at(3) is None


def test_random_words_are_as_many_tokens_as_the_work_says(tmp_path):
    shape = SHAPES["S"]
    tokenizer = load(write_model(shape, tmp_path)).tokenizer
    ids = [tokenizer(text)["input_ids"] for text in texts(SHORT, shape, tokenizer)]
    assert {len(each) for each in ids} == {64}
    assert min(min(each) for each in ids) >= FIRST_WORD
    assert len({*texts(LONG, shape, tokenizer)}) == 64


def test_long_prompts_of_the_starter_fill_their_tokens(tmp_path):
    shape = SHAPES[STARTER]
    tokenizer = load(write_model(shape, tmp_path)).tokenizer
    lengths = [len(tokenizer(text)["input_ids"]) for text in texts(LONG, shape, tokenizer)]
    assert max(lengths) <= 512 and min(lengths) > 460


def test_a_struck_stop_token_may_not_be_drawn(tmp_path):
    base = load(write_model(SHAPES["S"], tmp_path))
    stop, word = base.vocabulary.stop_ids[0], 300
    before = base.vocabulary.flags([base.vocabulary.answer])[0]
    forbid_stops(base)
    after = base.vocabulary.flags([base.vocabulary.answer])[0]
    assert before[stop] and not after[stop]
    assert before[word] and after[word]
