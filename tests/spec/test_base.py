import logging
import math
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from burnish.spec.base import AsJson, LenientSpec, Spec


class Strict(Spec):
    name: str
    """What it is called."""


class Lenient(LenientSpec):
    name: str


def test_an_unknown_field_of_a_strict_spec_is_an_error_at_its_name():
    with pytest.raises(ValidationError) as caught:
        Strict.model_validate({"name": "a", "nmae": "b"})
    [error] = caught.value.errors()
    assert (error["loc"], error["type"]) == (("nmae",), "extra_forbidden")


def test_specs_cannot_be_changed():
    for spec in (Strict(name="a"), Lenient(name="a")):
        with pytest.raises(ValidationError, match="frozen"):
            spec.name = "b"


def test_a_fields_docstring_is_its_description():
    assert Strict.model_json_schema()["properties"]["name"]["description"] == "What it is called."


def test_an_unknown_field_of_a_lenient_spec_is_dropped_and_logged_once_by_its_name_alone(caplog):
    caplog.set_level(logging.INFO, "burnish.spec.base")
    for _ in range(3):
        assert Lenient.model_validate({"name": "a", "seldom": "secret"}) == Lenient(name="a")
    [record] = [record for record in caplog.records if record.field == "seldom"]
    assert record.body == "Lenient"
    assert "secret" not in str(vars(record))


def test_a_lenient_spec_still_checks_the_fields_it_knows():
    with pytest.raises(ValidationError, match="valid string"):
        Lenient.model_validate({"name": 3})


def test_a_lenient_body_at_a_route_hides_nothing_that_is_no_json():
    sent = TypeAdapter(Annotated[Lenient, AsJson])
    assert sent.validate_python({"name": "a"}) == Lenient(name="a")
    for odd, kind in (("\ud800", "no_text"), (math.nan, "no_json")):
        with pytest.raises(ValidationError) as caught:
            sent.validate_python({"name": "a", "else": [odd]})
        assert caught.value.errors()[0]["type"] == kind
