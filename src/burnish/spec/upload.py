"""What POST /uploads and .../complete take."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from burnish.spec.base import Body, Spec

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
"""What a file is for."""
PART_BYTES = 64 * 1024 * 1024
"""Most bytes of a part."""
_OF_LINES = frozenset({"fine-tune", "batch", "evals"})
"""Purposes of files that hold a JSON object per line."""
_NO_TEXT = ("image/", "audio/", "video/", "font/")


class ExpiresAfter(Spec):
    """How long the file is kept once it is made."""

    anchor: Literal["created_at"]
    seconds: int = Field(ge=3600, le=2_592_000)


class UploadRequest(Body):
    """The beginning of an upload."""

    bytes: int = Field(ge=0)
    """Of the whole file."""
    filename: str = Field(min_length=1, max_length=512)
    purpose: Purpose
    mime_type: str = Field(min_length=1, max_length=255)
    expires_after: ExpiresAfter | None = None

    @field_validator("mime_type")
    @classmethod
    def _fits(cls, mime_type: str, info: ValidationInfo) -> str:
        purpose = info.data.get("purpose")
        if purpose in _OF_LINES and mime_type.lower().startswith(_NO_TEXT):
            raise ValueError(f"a file with purpose '{purpose}' is JSONL, and no '{mime_type}'.")
        return mime_type


class CompleteRequest(Body):
    """The end of an upload."""

    part_ids: list[str]
    """The parts in the order in which they make the file."""
    md5: str | None = Field(default=None, pattern="^[0-9a-fA-F]{32}$")
    """Of the whole file."""
