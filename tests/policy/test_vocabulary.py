from array import array

import numpy as np


def _ids(vocabulary, bits):
    return set(vocabulary.flags([bits])[0].nonzero()[:, 0].tolist())


def test_bits_and_flags_are_two_forms_of_one_set(base):
    ids = {0, 31, 32, 200, base.vocabulary.size - 1}
    assert _ids(base.vocabulary, base.vocabulary.bits(ids)) == ids


def test_marks_are_never_drawn_but_where_they_belong(base):
    vocabulary, named = base.vocabulary, base.tokenizer.convert_tokens_to_ids
    marks = set(base.tokenizer.added_tokens_decoder)
    stop = named("<|im_end|>")
    assert _ids(vocabulary, vocabulary.reasoning) & marks == {stop, named("</think>")}
    assert _ids(vocabulary, vocabulary.bound_reasoning) & marks == {named("</think>")}
    assert _ids(vocabulary, vocabulary.answer) & marks == {stop, named("<tool_call>"), named("</tool_call>")}
    assert _ids(vocabulary, vocabulary.opening) & marks == _ids(vocabulary, vocabulary.answer) & marks | {
        named("<think>")
    }
    assert _ids(vocabulary, vocabulary.grammar) & marks == {stop}


def test_ordinary_tokens_may_always_be_drawn(base):
    ordinary = set(range(len(base.tokenizer))) - set(base.tokenizer.added_tokens_decoder)
    for bits in (base.vocabulary.reasoning, base.vocabulary.answer, base.vocabulary.grammar):
        assert ordinary <= _ids(base.vocabulary, bits)


def test_the_texts_of_tokens_join_to_the_whole_and_keep_characters_whole(base):
    ids = base.tokenizer.encode("é<think>a</think>", add_special_tokens=False)
    texts = base.vocabulary.texts(ids)
    assert texts == ["", "é", "<think>", "a", "</think>"]
    assert base.vocabulary.texts(ids[:1]) == ["�"]
    assert base.vocabulary.texts([]) == []


def test_the_prompts_end_says_whether_the_answer_starts_inside_reasoning(base):
    def starts(text):
        return base.vocabulary.starts_inside_reasoning(array("q", base.tokenizer.encode(text)))

    assert starts("<|im_start|>assistant\n<think>") is True
    assert starts("<|im_start|>assistant\n<think>\n") is True
    assert starts("<|im_start|>assistant\n<think></think>") is False
    assert starts("<|im_start|>assistant\n<think>\n\n</think>\n\n") is False
    assert starts("<|im_start|>assistant\n") is None


def test_a_mark_that_a_user_wrote_opens_nothing(base):
    text = "<|im_start|>user\nWhat does <think> do?<|im_end|>\n<|im_start|>assistant\n"
    assert base.vocabulary.starts_inside_reasoning(array("q", base.tokenizer.encode(text))) is None


def test_bits_have_llguidances_layout(base):
    assert base.vocabulary.bits([0, 33]).view(np.uint32).tolist()[:2] == [1, 2]
