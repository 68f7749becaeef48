"""The checklist of FAPI 2.0 names checks and tests that exist, and leaves no clause out."""

import ast
import re

from tests.house.code import ROOT, named, parsed, sources, type_of_function
from vault.authserver.mending import MENDING

PAGE = ROOT / "docs" / "fapi.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_CHECK = re.compile(r"`([a-z]+(?:-[a-z]+)*)`")
_CLAUSE = re.compile(r"(\d(?:\.\d)+)-(\d+)((?:, -\d+)*)")
CLAUSES = {
    "5.2.1": {1, 2, 3, 5},  # 4 is DNSSEC
    "5.2.2": {1},
    "5.2.3": {1, 3},
    "5.3.2.1": set(range(1, 15)),
    "5.3.2.2": set(range(1, 14)),  # 14 is about OpenID Connect
    "5.3.4": {1, 2, 3, 4, 5},
    "5.4.1": {1, 2, 3, 4, 5, 6},
    "5.3.1": {1, 2, 3, 4, 5, 6},
}


def _rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| 5.")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_no_clause_is_left_out() -> None:
    """Every clause that is in our hands has its line."""
    found: dict[str, set[int]] = {}
    for clause, *_ in _rows():
        for part in re.split(r", (?=\d)", clause):
            if match := _CLAUSE.match(part):
                more = {int(number) for number in re.findall(r"-(\d+)", match[3])}
                found.setdefault(match[1], set()).update({int(match[2])} | more)
    assert {section: numbers - found.get(section, set()) for section, numbers in CLAUSES.items()} == {
        section: set() for section in CLAUSES
    }


def test_every_line_names_a_test_that_exists() -> None:
    """A test that is renamed or removed takes its line along."""
    there = {
        (named(path), node.name)
        for path in sources("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, type_of_function) and node.name.startswith("test_")
    }
    for clause, _asked, _held, tests in _rows():
        cited = set(_TEST.findall(tests))
        assert cited, clause
        assert cited <= there, (clause, cited - there)


def test_every_check_that_is_named_exists() -> None:
    """What holds a line is a check that integrators can look up."""
    for clause, _asked, held, _tests in _rows():
        checks = {name for name in _CHECK.findall(held) if name not in {"sub"}}
        assert checks <= set(MENDING), (clause, checks - set(MENDING))


def test_redirects_are_by_303() -> None:
    """No redirect repeats a form (307, 308) or leaves the method to the browser (301, 302)."""
    for path in sources("vault"):
        text = path.read_text()
        assert not re.search(r"status_code=30[1278]|HTTP_30[1278]", text), named(path)
        for call in (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "Redirect":
                codes = [word.value for word in call.keywords if word.arg == "status_code"]
                assert [getattr(code, "value", None) for code in codes] == [303], named(path)
