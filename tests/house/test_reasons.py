"""What departs from the rules says why, and a test says what it is about."""

import ast
import re

from tests.house.code import named, parsed, sources, type_of_function

# A reason stands behind the mark: `noqa: RULE - why`, `type: ignore[code]  # why`, `skip(reason="why")`.
BARE = [
    re.compile(r"# noqa(?!: [A-Z0-9, ]+ +(#|--?) \w)"),
    re.compile(r"# type: ignore(?!\[[a-z, -]+\] +(#|--?) \w)"),
]
MARK = re.compile(r"mark\.(skip|xfail|skipif)\b")


def test_exceptions_have_reasons() -> None:
    """No check is turned off without a word."""
    bare = []
    for path in sources("vault", "tests", "migrations", "scripts"):
        lines = [] if path.name == "test_reasons.py" else path.read_text().splitlines()
        for number in range(len(lines)):
            call = " ".join(lines[number : number + 4])  # which may be laid out over several lines
            is_bare_mark = MARK.search(lines[number]) and "reason=" not in call
            if is_bare_mark or any(pattern.search(lines[number]) for pattern in BARE):
                bare.append(f"{named(path)}:{number + 1}")
    assert bare == []


def test_tests_say_what_they_are_about() -> None:
    """One sentence of behaviour under each name."""
    silent = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in sources("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, type_of_function) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []
