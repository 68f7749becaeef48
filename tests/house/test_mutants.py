"""The script that takes checks out finds them all, and takes out what it says."""

import ast

import pytest

from tests.mutants.finding import Check, checks_in, without

SOURCE = """
def first(x):
    if x > 1:
        raise InvalidRequest("too-much", "Send less.")
    if x < 0:
        raise OAuthError("invalid_request", "Send more.", check="too-little")
    return x
def second(x):
    return "no" if x else None
CHECKS: dict = {
    "present": second,
}
"""


def run(tree: ast.Module) -> dict[str, object]:
    """The names of a module."""
    names: dict[str, object] = {"InvalidRequest": ValueError, "OAuthError": lambda *_, check: KeyError(check)}
    exec(compile(tree, "sample", "exec"), names)  # noqa: S102 - the sample above
    return names


def test_every_way_of_naming_a_check_is_found() -> None:
    """Entries of a table, refusals named first, refusals named by keyword."""
    found = {(check.name, check.how) for check in checks_in(SOURCE, "sample")}
    assert found == {("too-much", "raised"), ("too-little", "raised"), ("present", "table")}


def test_what_is_taken_out_lets_everything_pass() -> None:
    """And nothing else changes."""
    checks = {check.name: check for check in checks_in(SOURCE, "sample")}
    first = run(without(SOURCE, checks["too-much"]))["first"]
    assert callable(first)
    assert first(5) == 5
    with pytest.raises(KeyError, match="too-little"):
        first(-1)
    table = run(without(SOURCE, checks["present"]))["CHECKS"]
    assert isinstance(table, dict)
    assert table["present"]("anything", "at all") is None


def test_a_check_that_is_gone_is_said_so() -> None:
    """A name from an older source takes nothing out silently."""
    with pytest.raises(LookupError):
        without(SOURCE, Check("sample", "too-much", 99, "raised"))
