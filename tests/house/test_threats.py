"""What is said about threats names tests that exist, and says what no test covers."""

import ast
import re

from tests.house.code import ROOT, named, parsed, sources, type_of_function

PAGE = ROOT / "docs" / "threats.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _cited() -> set[tuple[str, str]]:
    return set(_TEST.findall(PAGE.read_text()))


def test_every_test_that_is_cited_exists() -> None:
    """A test that is renamed or removed takes its line in the page along."""
    there = {
        (named(path), node.name)
        for path in sources("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, type_of_function) and node.name.startswith("test_")
    }
    assert sorted(_cited() - there) == []


def test_every_citation_is_read() -> None:
    """Whatever looks like a test is one that the check above sees."""
    assert len(re.findall(r"::test_\w+", PAGE.read_text())) == len(_TEST.findall(PAGE.read_text()))


def test_every_attack_is_cited() -> None:
    """A file of attacks that the page does not know is one that nobody finds."""
    attacks = {named(path) for path in sources("tests/attacks") if path.name.startswith("test_")}
    assert attacks - {path for path, _ in _cited()} == {"tests/attacks/test_world.py"}


def test_every_part_cites_tests_and_names_its_gaps() -> None:
    """Each attacker and each promise has tests, and a word on what they do not cover."""
    parts = re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert len(parts) == 10 + 9
    for part in parts:
        title = part.partition("\n")[0]
        assert _TEST.search(part), title
        assert "*Not covered*:" in part, title
