"""New ids in OpenAI's forms: a prefix and random base-62 characters."""

import secrets
import string
from typing import Literal

_ALPHABET = string.digits + string.ascii_letters

Kind = Literal["file-", "ftjob-", "ftevent-", "ftckpt_", "chatcmpl-", "req_", "call_", "key_"]


def new_id(kind: Kind) -> str:
    """`kind` and 24 random characters, about 142 bits."""
    return kind + _random(24)


def new_model_id() -> str:
    """The 8 characters that end a tuned model's name."""
    return _random(8)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
