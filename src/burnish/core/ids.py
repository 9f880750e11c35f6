"""Ids in OpenAI's forms: a prefix and base-62 characters, random or derived."""

import hashlib
import secrets
import string
from typing import Literal

_ALPHABET = string.digits + string.ascii_letters

Kind = Literal[
    "file-",
    "upload_",
    "part_",
    "ftjob-",
    "ftevent-",
    "ftckpt_",
    "cp_",
    "evt_",
    "chatcmpl-",
    "resp_",
    "msg_",
    "rs_",
    "fc_",
    "fco_",
    "req_",
    "call_",
    "key_",
    "trace_",
    "fb_",
    "eval_",
    "evalrun_",
    "outputitem_",
]


def new_id(kind: Kind) -> str:
    """`kind` and 24 random characters, about 142 bits."""
    return kind + "".join(secrets.choice(_ALPHABET) for _ in range(24))


def derived_id(kind: Kind, *parts: object) -> str:
    """`kind` and 24 characters that hang on the parts alone: made again after a crash, it names the same thing."""
    return kind + _derived(24, parts)


def derived_model_id(*parts: object) -> str:
    """The 8 characters that end a tuned model's name."""
    return _derived(8, parts)


def _derived(length: int, parts: tuple[object, ...]) -> str:
    number = int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest())
    characters = []
    for _ in range(length):
        number, place = divmod(number, len(_ALPHABET))
        characters.append(_ALPHABET[place])
    return "".join(characters)
