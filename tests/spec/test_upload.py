from typing import Any

import pytest
from pydantic import ValidationError

from burnish.spec.upload import CompleteRequest, UploadRequest

BODY = {"bytes": 5, "filename": "train.jsonl", "mime_type": "application/jsonl", "purpose": "fine-tune"}


def _wrong(model: Any, body: dict[str, Any]) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize("mime_type", ["text/jsonl", "application/octet-stream", "application/x-ndjson", "jsonl"])
def test_lines_have_many_names(mime_type: str):
    assert UploadRequest.model_validate(BODY | {"mime_type": mime_type}).mime_type == mime_type


def test_what_cannot_be_lines_is_refused_for_those_purposes_alone():
    for purpose in ("fine-tune", "evals", "batch"):
        assert _wrong(UploadRequest, BODY | {"mime_type": "Image/PNG", "purpose": purpose}) == [("mime_type",)]
    assert UploadRequest.model_validate(BODY | {"mime_type": "image/png", "purpose": "vision"}).purpose == "vision"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"bytes": -1}, ("bytes",)),
        ({"bytes": "many"}, ("bytes",)),
        ({"filename": ""}, ("filename",)),
        ({"mime_type": ""}, ("mime_type",)),
        ({"purpose": "fun"}, ("purpose",)),
        ({"expires_after": {"anchor": "created_at"}}, ("expires_after", "seconds")),
        ({"expires_after": {"anchor": "created_at", "seconds": 60}}, ("expires_after", "seconds")),
        ({"expires_after": {"anchor": "yesterday", "seconds": 3600}}, ("expires_after", "anchor")),
        ({"md5": "d41d8cd98f00b204e9800998ecf8427e"}, ("md5",)),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], place: tuple[str, ...]):
    assert _wrong(UploadRequest, BODY | change) == [place]


def test_an_md5_is_32_hexadecimal_digits():
    assert CompleteRequest.model_validate({"part_ids": [], "md5": "D41D8CD98F00B204E9800998ECF8427E"}).md5 is not None
    assert _wrong(CompleteRequest, {"part_ids": [], "md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}) == [("md5",)]
    assert _wrong(CompleteRequest, {"part_ids": "part_a"}) == [("part_ids",)]
