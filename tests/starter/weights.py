"""The shipped starter model, as tests find it."""

from functools import cache
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

import burnish.starter

DIRECTORY = Path(burnish.starter.__file__).parent / "weights"


@cache
def tokenizer() -> Any:
    """Its tokenizer."""
    return AutoTokenizer.from_pretrained(DIRECTORY)
