import pytest
from pydantic import ValidationError

from burnish.spec.feedback import FeedbackRequest

ASKED = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}], "answer": "hi"}


def test_a_rating_a_correction_or_a_note_is_enough():
    for said in ({"rating": "down"}, {"correction": "hello"}, {"note": "too short"}):
        assert FeedbackRequest.model_validate(ASKED | said).answer == "hi"


def test_silence_is_no_feedback():
    with pytest.raises(ValidationError, match="a rating, a correction or a note"):
        FeedbackRequest.model_validate(ASKED)
