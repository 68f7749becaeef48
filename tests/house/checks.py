"""The names of every check that may refuse a request to the authorization server, read from its sources."""

import ast
import re
from pathlib import Path

from tests.house.code import ROOT, parsed, sources

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REFUSES = re.compile(r"Invalid\w+|\w*Error|UseNonce|__init__|_unusable|_invalid|_refused|_\w*refusal")


def every_check() -> set[str]:
    """Keys of tables named CHECKS, and what refusals are raised with: ``InvalidGrant("name", …)``, ``check="name"``."""
    return {name for path in _sources() for node in ast.walk(parsed(path)) for name in _names(node)}


def _sources() -> list[Path]:
    return [*sources("vault/authserver", "vault/api"), ROOT / "vault" / "requesters" / "statements.py"]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
        return [name for name in _text(node.exc.args[0]) if _NAME.fullmatch(name) and "-" in name]
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(each, ast.Name) and each.id.endswith("CHECKS") for each in targets):
            return [name for key in node.value.keys for name in _text(key)]
    if not isinstance(node, ast.Call) or not _REFUSES.fullmatch(_called(node)):
        return []
    if named := [word.value for word in node.keywords if word.arg == "check"]:
        return _text(named[0])
    first = _text(node.args[0]) if node.args else []
    if _called(node) == "OAuthError":  # without a check, the code of the error stands for it
        return [name.replace("_", "-") for name in first]
    return [name for name in first if _NAME.fullmatch(name)]


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.AST | None) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
