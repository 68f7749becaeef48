"""Where the named checks are, and the same source without one of them. Pure."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PLACES: Final = ("authserver/**/[!_]*.py", "requesters/statements.py")
TABLE: Final = "CHECKS"
_KEYWORD: Final = "check"


@dataclass(frozen=True, order=True)
class Check:
    """One named check. ``line``: where it is; ``how``: "table" for an entry of CHECKS, "raised" for an ``if``."""

    module: str
    name: str
    line: int
    how: str

    @property
    def id(self) -> str:
        """What the command line calls it, e.g. ``vault.authserver.dpop:dpop-htu:214``."""
        return f"{self.module}:{self.name}:{self.line}"


def every_check() -> list[Check]:
    """All named checks of the rooms that hold them, by module and line."""
    return sorted(check for path in _sources() for check in checks_in(path.read_text(), module_of(path)))


def checks_in(source: str, module: str) -> Iterator[Check]:
    """The named checks of one module."""
    for node in ast.walk(ast.parse(source)):
        for key, _ in _entries(node):
            yield Check(module, str(key.value), key.lineno, "table")
        if isinstance(node, ast.If) and (name := _raised_by(node)) is not None:
            yield Check(module, name, node.lineno, "raised")


def without(source: str, check: Check) -> ast.Module:
    """The module with that check taken out: the entry lets everything pass, the ``if`` never raises.

    Raises LookupError when the check is not there (any more).
    """
    tree = ast.parse(source)
    if not any(_taken_out(node, check) for node in list(ast.walk(tree))):
        raise LookupError(check.id)
    return ast.fix_missing_locations(tree)


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def path_of(module: str) -> Path:
    """The source file of a module."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def _sources() -> list[Path]:
    return sorted(path for place in PLACES for path in (ROOT / "vault").glob(place))


def _taken_out(node: ast.AST, check: Check) -> bool:
    for key, table in _entries(node):
        if check.how == "table" and (key.value, key.lineno) == (check.name, check.line):
            table.values[table.keys.index(key)] = ast.parse("lambda *_given: None", mode="eval").body
            return True
    if check.how == "raised" and isinstance(node, ast.If) and node.lineno == check.line:
        # Still evaluated, since evaluating may do something; never true.
        node.test = ast.BoolOp(ast.And(), [node.test, ast.Constant(value=False)])
        return True
    return False


def _entries(node: ast.AST) -> list[tuple[ast.Constant, ast.Dict]]:
    """The keys of a table of checks, and the table."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not any(isinstance(target, ast.Name) and target.id.endswith(TABLE) for target in targets):
        return []
    return [(key, node.value) for key in node.value.keys if isinstance(key, ast.Constant)]


def _raised_by(node: ast.If) -> str | None:
    """The check's name, when what the ``if`` does in the end is to refuse by that name."""
    if not isinstance(node.body[-1], ast.Raise):
        return None
    calls = (each for each in ast.walk(node.body[-1]) if isinstance(each, ast.Call))
    return next((name for call in calls if (name := _named(call))), None)


def _named(call: ast.Call) -> str | None:
    given = [word.value for word in call.keywords if word.arg == _KEYWORD] or call.args[:1]
    value = given[0].value if given and isinstance(given[0], ast.Constant) else None
    named = isinstance(value, str) and "-" in value and value.replace("-", "").isalnum() and value == value.lower()
    return value if named and isinstance(value, str) else None
