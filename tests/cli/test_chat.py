import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("server")]


def test_an_answer_is_streamed_to_the_terminal(burnish, api):
    said = burnish("chat", "Say e.", "--model", "tiny", "--temperature", "0")
    assert said.exit_code == 0, said.output
    whole = api.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "Say e."}], temperature=0)
    assert said.stdout.strip() == (whole.choices[0].message.content or "").strip()


def test_a_conversation_is_read_line_by_line(burnish):
    said = burnish("chat", "--model", "tiny", "--effort", "none", "--max-tokens", "16", stdin="one\ntwo\n")
    assert said.exit_code == 0, said.output


def test_an_unknown_model_is_told_in_a_line(burnish):
    said = burnish("chat", "hi", "--model", "nobody")
    assert said.exit_code != 0
    assert "nobody" in str(said.exception)
