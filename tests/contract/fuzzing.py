"""Bodies that hurt, for any route: made from the app's own description, or of parts that somebody forgot."""

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from schemathesis import BaseSchema, GenerationMode
from schemathesis.core.errors import UnsupportedSchema

QUICK, LONG = 40, 500
"""Examples of each kind."""
TEXT_PARTS = ("", "\x00", "\ud800", "{{", "{{}}", "é" * 3000, "[" * 3000)
NO_BODIES = (b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000)


def examples(count: int) -> settings:
    """So many, however slow they are."""
    return settings(max_examples=count, suppress_health_check=list(HealthCheck))


def of_the_schema(
    schema: BaseSchema, path: str, mode: GenerationMode, count: int, check: Callable[[Any], None]
) -> None:
    """Check so many bodies of POST `path` that keep to its schema, or break it."""
    cases = schema[path]["POST"].as_strategy(generation_mode=mode)

    @given(st.data())
    @examples(count)
    def test(data: st.DataObject) -> None:
        try:
            body = data.draw(cases).body
        except UnsupportedSchema:  # a few of its own mutations are beyond it
            reject()
        check(body)

    test()


def texts_of(parts: Sequence[str]) -> st.SearchStrategy[str]:
    """Texts that are one of these, or made of them, or harmless."""
    hostile = st.sampled_from(parts)
    return hostile | st.lists(hostile, max_size=3).map("".join) | st.text(max_size=20)


def json_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """JSON with such texts in it, and with what Python alone takes for JSON."""
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(texts, inside, max_size=3),
        max_leaves=6,
    )
