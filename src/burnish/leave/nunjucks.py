"""Templates of ours as Nunjucks templates, the language of Promptfoo, that give the same texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.core.template import UnknownVariable, is_path, lookup, variables

Json = Any
_VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
_OPENS = re.compile(r"\{(?=[{%#]|$)")
"""What Nunjucks would take for the beginning of a tag; at a text's end one may follow."""
_KEY = re.compile(r"\.([\w-]+)")


@dataclass(slots=True)
class Values:
    """Of what kind the values are that templates refer to: Nunjucks writes all but texts in a way of its own."""

    templates: tuple[str, ...]
    texts: set[str] = field(default_factory=set)
    """Paths that hold a text in some row."""
    others: set[str] = field(default_factory=set)
    """Paths that hold something else in some row."""
    gaps: dict[str, int] = field(default_factory=dict)
    """Paths that some rows do not have, and how many."""

    def see(self, item: Mapping[str, Json]) -> None:
        """Look at a row."""
        for path in {path for text in self.templates for path in variables(text)}:
            try:
                found = lookup(path, {"item": item})
            except UnknownVariable:
                self.gaps[path] = self.gaps.get(path, 0) + 1
                continue
            (self.texts if isinstance(found, str) else self.others).add(path)


def translated(template: str, values: Values) -> str:
    """The template in Nunjucks, right for all rows that were seen."""
    pieces, end = [], 0
    for match in _VARIABLE.finditer(template):
        pieces += [_literal(template[end : match.start()]), _tag(match.group(1).strip(), values)]
        end = match.end()
    return "".join([*pieces, _literal(template[end:])])


def expression(path: str) -> str:
    """Where a path leads, in JavaScript's terms."""
    return _KEY.sub(lambda match: match[0] if match[1].isidentifier() else f'["{match[1]}"]', path)


def refers_to(template: str, namespace: str) -> bool:
    """Whether a template names something of a namespace, or what is no path."""
    return any(not is_path(path) or re.split(r"[.\[]", path)[0] == namespace for path in variables(template))


def _literal(text: str) -> str:
    return _OPENS.sub('{{ "{" }}', text)


def _tag(path: str, values: Values) -> str:
    value = expression(path)
    if path not in values.others:
        return f"{{{{ {value} }}}}"
    if path not in values.texts:
        return f"{{{{ {value} | dump }}}}"
    return f"{{{{ {value} if {value} is string else {value} | dump }}}}"
