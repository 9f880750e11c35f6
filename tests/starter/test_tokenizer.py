from burnish.starter.tokenizer import MARKS, SPECIAL, VOCAB_SIZE, chat_template, train_tokenizer
from tests.starter.weights import DIRECTORY, tokenizer

TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}


def _render(messages, **options):
    return tokenizer().apply_chat_template(messages, tokenize=False, **options)


def test_it_has_the_promised_ids():
    assert len(tokenizer()) == VOCAB_SIZE
    assert tokenizer().convert_tokens_to_ids(list(SPECIAL)) == [0, 1, 2]
    assert (tokenizer().pad_token_id, tokenizer().eos_token_id) == (0, 2)
    assert tokenizer().convert_tokens_to_ids(list(MARKS)) == list(range(2042, 2048))


def test_digits_stand_alone_and_marks_stay_in_decoded_text():
    ids = tokenizer().encode("1234")
    assert [tokenizer().decode([one]) for one in ids] == ["1", "2", "3", "4"]
    ids = tokenizer().encode("<|im_start|>a<think>b</think><|im_end|>")
    assert tokenizer().decode(ids, skip_special_tokens=True) == "a<think>b</think>"


def test_any_text_survives():
    text = 'Zürich 🦊\n\t{"a":[0.75,null]}'
    assert tokenizer().decode(tokenizer().encode(text)) == text


def test_the_shipped_template_is_the_one_in_the_source():
    assert tokenizer().chat_template == chat_template()
    assert (DIRECTORY / "chat_template.jinja").read_text(encoding="utf-8").strip() == chat_template().strip()


def test_a_prompt_names_the_effort_and_ends_inside_the_reasoning():
    messages = [{"role": "developer", "content": "P"}, {"role": "user", "content": "Q"}]
    assert _render(messages, add_generation_prompt=True, reasoning_effort="low") == (
        "<|im_start|>system\nReasoning: low<|im_end|>\n<|im_start|>developer\nP<|im_end|>\n"
        "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n<think>"
    )


def test_an_unknown_or_missing_effort_is_medium():
    messages = [{"role": "user", "content": "Q"}]
    default = _render(messages, add_generation_prompt=True)
    assert default.startswith("<|im_start|>system\nReasoning: medium<|im_end|>\n")
    for effort in ("default", "medium", None):
        assert _render(messages, add_generation_prompt=True, reasoning_effort=effort) == default


def test_efforts_between_and_beyond_the_four_are_rounded_to_them():
    messages = [{"role": "user", "content": "Q"}]
    for effort, learned in (("minimal", "low"), ("xhigh", "high"), ("max", "high")):
        rounded = _render(messages, add_generation_prompt=True, reasoning_effort=effort)
        assert rounded == _render(messages, add_generation_prompt=True, reasoning_effort=learned)


def test_without_effort_the_reasoning_is_over_before_it_begins():
    text = _render([{"role": "user", "content": "Q"}], add_generation_prompt=True, reasoning_effort="none")
    assert text.endswith("<|im_start|>assistant\n<think></think>")


def test_tools_calls_and_replies():
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    messages = [
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "gone"},
        {"role": "tool", "tool_call_id": "c", "content": "42"},
    ]
    assert _render(messages, tools=[TOOL], add_generation_prompt=True) == (
        "<|im_start|>system\nReasoning: medium\n\n# Tools\n"
        '{"name":"f","description":"d","parameters":{"type":"object"}}'
        '<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{"name":"f","arguments":{"x":1}}\n'
        "</tool_call><|im_end|>\n<|im_start|>tool\n<tool_response>\n42\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n<think>"
    )


def test_only_the_last_turn_keeps_its_reasoning():
    turn = {"role": "assistant", "content": "A", "reasoning_content": "R"}
    text = _render([{"role": "user", "content": "Q"}, turn, {"role": "user", "content": "Q"}, turn])
    assert text.count("<|im_start|>assistant\nA<|im_end|>\n") == 1
    assert text.endswith("<|im_start|>assistant\n<think>R</think>A<|im_end|>\n")


def test_content_in_parts_is_read():
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert "<|im_start|>user\none\ntwo<|im_end|>" in _render([{"role": "user", "content": parts}])


def test_a_new_tokenizer_fills_up_to_its_size_and_merges_what_it_saw():
    trained = train_tokenizer(iter(["encryption at rest"] * 50))
    assert trained.convert_tokens_to_ids("<|im_end|>") == 2
    assert len(trained.encode("encryption")) == 1
