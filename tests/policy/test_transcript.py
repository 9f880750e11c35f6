import json
from collections.abc import Iterator

import pytest

from burnish.core.rollout import Source
from burnish.policy.chat import EngineChat
from burnish.policy.distribution import Odds
from burnish.policy.driver import Driver
from burnish.policy.engine import Engine
from burnish.policy.reading import Marks, Reading
from burnish.policy.row import Token
from burnish.policy.transcript import Transcript
from tests.policy.asking import prompt
from tests.policy.test_chat import FORMAT, complete, stream


def read(base, text: str, marks: Marks, effort: str = "none"):
    """A transcript of a text, its reading, and what was shown at each token."""
    reading = Reading(base.vocabulary, prompt(base, effort=effort), marks)
    transcript = Transcript(base.vocabulary)
    shown = []
    for place, each in enumerate(base.tokenizer.encode(text)):
        reading.push(each)
        token = Token(0, each, 0.0, Source.SAMPLED, Odds(-float(place), ((each, -float(place)), (65, -9.0))))
        transcript.push(token, is_reasoning=reading.tokens == reading.reasoning_tokens)
        shown.append(transcript.shown(reading, is_last=False))
        if reading.is_over:
            return transcript, shown
    reading.finish()
    return transcript, [*shown, transcript.shown(reading, is_last=True)]


def tokens(transcript: Transcript) -> list[str]:
    return [entry["token"] for entry in transcript.whole()["content"]]


def test_every_token_of_the_answer_is_told_with_its_bytes_and_rivals(base):
    transcript, _ = read(base, "xé<|im_end|>", Marks())
    first, *rest = transcript.whole()["content"]
    assert (first["token"], first["bytes"], first["logprob"]) == ("x", [120], 0.0)
    assert first["top_logprobs"] == [
        {"token": "x", "logprob": 0.0, "bytes": [120]},
        {"token": base.vocabulary.guide.decode_bytes([65]).decode(), "logprob": -9.0, "bytes": first_bytes(base, 65)},
    ]
    assert b"".join(bytes(entry["bytes"]) for entry in rest).decode() == "é"


def first_bytes(base, token: int) -> list[int]:
    return list(base.vocabulary.guide.decode_bytes([token]))


def test_reasoning_is_not_told(base):
    assert tokens(read(base, "ab</think>cd", Marks(), effort="medium")[0]) == ["c", "d"]


def test_what_is_shown_joins_to_the_whole_and_comes_no_sooner_than_its_text(base):
    transcript, shown = read(base, "ab STOX c", Marks(stops=("STOP",)))
    joined = [entry for each in shown if each for entry in each["content"]]
    assert joined == transcript.whole()["content"]
    assert "".join(entry["token"] for entry in joined) == "ab STOX c"
    assert "".join(entry["token"] for each in shown[:4] if each for entry in each["content"]) == "ab"


@pytest.mark.parametrize("stop", ["ST", "T"])
def test_nothing_of_a_stop_string_is_told(base, stop):
    transcript, _ = read(base, "ab STOP", Marks(stops=(stop,)))
    text = "".join(tokens(transcript))
    assert "ab STOP".startswith(text)
    assert len(text.rstrip()) <= len("ab STOP".split(stop)[0])


@pytest.fixture
def chat(base) -> Iterator[EngineChat]:
    driver = Driver(Engine(base), base.thread)
    yield EngineChat(base, driver, "tiny", effort="none")
    driver.close()


def test_log_probs_are_those_of_the_model(chat):
    whole = complete(chat, seed=5, logprobs=True, top_logprobs=3, temperature=0.5, max_completion_tokens=12)
    entries = whole.choices[0].logprobs["content"]
    text = b"".join(bytes(entry["bytes"]) for entry in entries).decode("utf-8", "replace")
    assert text.strip() == whole.choices[0].message.content
    for entry in entries:
        values = [rival["logprob"] for rival in entry["top_logprobs"]]
        assert len(values) == 3
        assert values == sorted(values, reverse=True)
        assert entry["logprob"] <= values[0] + 1e-6
    likeliest = complete(chat, temperature=0, logprobs=True, top_logprobs=1, max_completion_tokens=12)
    for entry in likeliest.choices[0].logprobs["content"]:
        (best,) = entry["top_logprobs"]
        assert {key: best[key] for key in ("token", "logprob", "bytes")} == {
            key: entry[key] for key in ("token", "logprob", "bytes")
        }


def test_what_a_grammar_forces_is_certain(chat):
    entries = complete(chat, response_format=FORMAT, seed=2, logprobs=True).choices[0].logprobs["content"]
    assert json.loads("".join(entry["token"] for entry in entries)).keys() == {"verdict", "sure"}
    assert [entry["logprob"] for entry in entries if entry["token"] == "v"] in ([], [0.0])


def test_streamed_log_probs_join_to_the_plain_ones(chat):
    plain = complete(chat, seed=6, logprobs=True, top_logprobs=2)
    pieces = [chunk["choices"][0]["logprobs"] for chunk in stream(chat, seed=6, logprobs=True, top_logprobs=2)]
    joined = [entry for piece in pieces if piece is not None for entry in piece["content"]]
    assert joined == plain.choices[0].logprobs["content"]
