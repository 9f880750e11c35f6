"""Every public function of `learn/` names the paper that its mathematics comes from, or says that it is ours.

In its own docstring, or in a paragraph of the module's that begins with its name in backticks and a colon.
"""

import ast
import re

from tests.house.tree import Module, modules

_SOURCE = re.compile(r"arXiv:\d{4}\.\d{4,5}|\b[A-Z][a-z]+ (?:19|20)\d\d\b|\bOurs\b")
_PARAGRAPH = re.compile(r"^`(\w+)`:(.*?)(?=^`\w+`:|\Z)", re.MULTILINE | re.DOTALL)


def test_the_mathematics_names_its_sources():
    assert [line for module in modules("src/burnish/learn") for line in unsourced(module)] == []


def test_a_function_without_a_source_is_found():
    assert unsourced(_made_up("def f():\n    'Doubles it.'")) == ["made_up.py: f"]
    assert unsourced(_made_up("def f():\n    pass")) == ["made_up.py: f"]
    assert unsourced(_made_up("class A:\n    def f(self):\n        'Doubles it.'")) == ["made_up.py: A.f"]


def test_a_paper_or_our_own_word_will_do():
    assert unsourced(_made_up("def f():\n    'PPO (arXiv:1707.06347, eq. 7), negated.'")) == []
    assert unsourced(_made_up("def f():\n    'Schulman 2020, k3.'")) == []
    assert unsourced(_made_up("def f():\n    'The floor is 0.1. Ours.'")) == []
    assert unsourced(_made_up("def _f():\n    pass")) == []


def test_the_modules_docstring_may_speak_for_its_functions():
    source = "'''Sums.\n\n`f`: RLOO (arXiv:2402.14740).\n`g`: a sum.\n'''\ndef f(): ...\ndef g(): ..."
    assert unsourced(_made_up(source)) == ["made_up.py: g"]


def unsourced(module: Module) -> list[str]:
    """Public functions without a source."""
    told = dict(_PARAGRAPH.findall(ast.get_docstring(module.syntax) or ""))
    return [
        f"{module.path}: {name}"
        for name, function in module.functions()
        if not any(part.startswith("_") for part in name.split("."))
        and not _SOURCE.search((ast.get_docstring(function) or "") + told.get(name, ""))
    ]


def _made_up(source: str) -> Module:
    return Module("made_up.py", source)
