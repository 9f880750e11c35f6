"""The JSON schema of an eval's items: whether a row is one, and what a template may refer to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from burnish.core.errors import InvalidRequest

Json = Any
_SHOWN = 200
"""Characters of a complaint that are told."""


@dataclass(frozen=True, slots=True)
class ItemSchema:
    """A schema that is one."""

    schema: Mapping[str, Json]
    _validator: Any

    @classmethod
    def of(cls, schema: Mapping[str, Json], param: str) -> "ItemSchema":
        """Raises `InvalidRequest` for what is no JSON schema, or refers to another document."""
        try:
            validator = jsonschema_rs.validator_for(dict(schema), offline=True)
        except (jsonschema_rs.ValidationError, ValueError) as error:
            raise InvalidRequest(
                f"'{param}' is no JSON schema that can be used: {_first_line(error)}",
                param=param,
                code="invalid_json_schema",
            ) from error
        return cls(schema, validator)

    def complaint(self, item: Mapping[str, Json]) -> str | None:
        """What is wrong with a row: where, and the rule; None where nothing is."""
        try:
            self._validator.validate(dict(item))
        except jsonschema_rs.ValidationError as error:
            place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path)
            return f"item{place}: {error.message[:_SHOWN]}"
        return None

    def may_have(self, path: str) -> bool:
        """Whether an item of this schema may have something at `item.<key>...`; only its first key is looked at."""
        keys = re.split(r"[.\[]", path)
        properties = self.schema.get("properties")
        is_open = self.schema.get("additionalProperties") not in (None, False) or "patternProperties" in self.schema
        if len(keys) < 2 or not isinstance(properties, Mapping) or is_open or "$ref" in self.schema:
            return True
        return keys[1] in properties


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_SHOWN]
