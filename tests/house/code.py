"""Reads the project's own source as the tests of the house need it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ROOT / "vault"

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """One function: where it is, and how long."""

    place: str
    lines: int


def sources(*tops: str) -> list[Path]:
    """Every Python file of the project below these folders."""
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))


def named(path: Path) -> str:
    """A file as the project calls it."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), path)


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, those inside others too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, type_of_function):
            yield Function(f"{named(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)


def imports(path: Path) -> Iterator[str]:
    """The full names of the modules a file imports, relative ones excepted (the linter forbids them)."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
