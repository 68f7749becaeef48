"""Every room has one shape: tables in `tables`, rules that touch nothing, acts that take the session first."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.code import ROOMS, imports, named, parsed, sources, type_of_function

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "services", "schemas", "common", "misc"}
# One name each, and the only file that may use it.
ONLY_IN = {"clock.py": r"\b(datetime\.now|datetime\.today|date\.today|time\.time(_ns)?|time\.monotonic)\b"}
ONLY_IN["settings.py"] = r"\bos\.(environ|getenv)\b"

# Everything a release rests on is loaded in one round trip, which is only possible across rooms.
CROSSING = {"vault/release/loading.py"}


def room(path: Path) -> str:
    """The room a file of the vault belongs to."""
    return path.relative_to(ROOMS).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", [p for p in sources("vault") if p.name == "__init__.py"], ids=named)
def test_a_package_says_what_it_does(path: Path) -> None:
    """Each package opens with what it does, trusts and promises."""
    assert ast.get_docstring(parsed(path))


def test_names_say_something() -> None:
    """A drawer for odds and ends fills up."""
    assert [named(path) for path in sources("vault", "tests") if {path.stem, path.parent.name} & EMPTY_NAMES] == []


def test_rows_are_in_tables() -> None:
    """A class with a table is in its room's `tables`; what rows share is in `db`."""
    elsewhere = [
        p for p in sources("vault") if p.name != "tables.py" and room(p) != "db" and "__tablename__" in p.read_text()
    ]
    assert elsewhere == []


def test_rows_do_not_cross_rooms() -> None:
    """A room asks another one for values, never for its rows."""
    crossing = [
        f"{named(path)} imports {name}"
        for path in sources("vault")
        if named(path) not in CROSSING
        for name in imports(path)
        if (found := re.fullmatch(r"vault\.(\w+)\.tables(\.\w+)?", name)) and found[1] != room(path)
    ]
    assert crossing == []


def test_acts_take_the_session_first() -> None:
    """What is passed a session is an act, and says so with its first argument."""
    late = []
    for path in sources("vault"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, type_of_function):
                named_arguments = [a for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]
                kinds = [ast.unparse(a.annotation) if a.annotation else "" for a in named_arguments]
                if "Session" in kinds[1:]:
                    late.append(f"{named(path)}:{node.lineno} {node.name}")
    assert late == []


@pytest.mark.parametrize("owner", ONLY_IN)
def test_one_file_reads_the_time_and_one_the_environment(owner: str) -> None:
    """Whatever else needs the time or a setting is given it, so that a test can give another."""
    readers = [p for p in sources("vault") if p != ROOMS / owner and re.search(ONLY_IN[owner], p.read_text())]
    assert [named(path) for path in readers] == []
