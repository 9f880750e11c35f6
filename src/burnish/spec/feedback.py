"""What POST /v1/burnish/feedback takes."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from burnish.spec.base import Body

Json = Any
MAX_CHARACTERS = 1_000_000


class FeedbackRequest(Body):
    """What somebody thought of an answer."""

    model: str = Field(min_length=1, max_length=512)
    """The name that it was asked by."""
    messages: list[dict[str, Json]] = Field(min_length=1, max_length=2048)
    """What it was asked, in chat's shape."""
    answer: str = Field(max_length=MAX_CHARACTERS)
    rating: Literal["up", "down"] | None = None
    correction: str | None = Field(default=None, min_length=1, max_length=MAX_CHARACTERS)
    """The answer as it should have been."""
    note: str | None = Field(default=None, min_length=1, max_length=4096)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.rating is None and self.correction is None and self.note is None:
            raise ValueError("feedback needs a rating, a correction or a note.")
        return self
