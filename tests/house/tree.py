"""The source as the house tests see it: modules, their syntax trees and their imports."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: str
    """Below the repository's root."""
    source: str

    @property
    def name(self) -> str:
        """Its dotted name, `src` left out: `burnish.core.job`."""
        return self.path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """Its floor: the first name below `burnish`; `burnish.settings` is a floor of its own."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]

    @property
    def syntax(self) -> ast.Module:
        """Its syntax tree."""
        return _parse(self.source)

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its name inside the module: `Class.method`, `outer.inner`."""
        return _functions(self.syntax, "")


@dataclass(frozen=True)
class Import:
    """One imported module."""

    name: str
    line: int
    is_deferred: bool
    """Inside a function, or only for the type checker."""


def modules(folder: str = "src/burnish") -> list[Module]:
    """Every Python file below a folder of the repository."""
    return [module(path) for path in sorted((ROOT / folder).rglob("*.py"))]


def module(path: Path) -> Module:
    """One file of the repository."""
    return Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def imports(module: Module) -> list[Import]:
    """All that a module imports, as dotted names; `from a.b import c` gives `a.b.c`."""
    return list(_imports(module.syntax, is_deferred=False))


def repository_files() -> list[Path]:
    """What git tracks or would track, and lies there; without git, whatever lies in no hidden folder."""
    if not (ROOT / ".git").exists():
        found = [path for path in ROOT.rglob("*") if path.is_file()]
        return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts[:-1])]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


@cache
def _parse(source: str) -> ast.Module:
    return ast.parse(source)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield prefix + child.name, child
        named = isinstance(child, Function | ast.ClassDef)
        yield from _functions(child, f"{prefix}{child.name}." if named else prefix)


def _imports(node: ast.AST, *, is_deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield Import(alias.name, child.lineno, is_deferred)
            case ast.ImportFrom():
                dots = "." * child.level
                for alias in child.names:
                    yield Import(f"{dots}{child.module or ''}.{alias.name}", child.lineno, is_deferred)
        inside = isinstance(child, Function) or (
            isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        )
        yield from _imports(child, is_deferred=is_deferred or inside)
