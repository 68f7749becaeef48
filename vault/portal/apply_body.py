"""Between the body of a draft and the inputs of its pages: reading and writing by path. Pure.

A draft may hold any JSON; what is not of the shape is shown empty, and written over.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

import msgspec

from vault.portal.apply_fields import ROWS, Group, Input, Part
from vault.portal.forms import Form
from vault.profile.catalogue import Catalogue

FORMS: Final = "forms:"
NEEDED: Final = "needed:"
WHY: Final = "why:"
_LONGEST: Final = 16
"""Digits of a number; what is longer stays text and is named as wrong."""


def at(body: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Write a value at a dotted path; None takes it away, and whatever is empty then."""
    *above, last = path.split(".")
    if not above:
        if value is None:
            body.pop(last, None)
        else:
            body[last] = value
        return
    inner = body.get(above[0])
    inner = dict(inner) if isinstance(inner, dict) else {}
    put(inner, ".".join([*above[1:], last]), value)
    if inner:
        body[above[0]] = inner
    else:
        body.pop(above[0], None)


def shown(value: Any, kind: str) -> str:
    """A value as its input shows it."""
    if kind in {"lines", "items"}:
        return "\n".join(str(each) for each in value) if isinstance(value, list) else ""
    if kind == "json":
        return "" if value is None else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def typed(text: str, kind: str) -> Any:
    """What was typed, as the body holds it; None when nothing was. What is no number or JSON stays text."""
    if not text:
        return None
    if kind in {"lines", "items"}:
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    if kind == "whole" and text.isascii() and text.isdigit() and len(text) <= _LONGEST:
        return int(text)
    if kind == "json":
        try:
            return msgspec.json.decode(text.encode())
        except (msgspec.DecodeError, RecursionError):
            return text
    return text


def rows_of(body: dict[str, Any], group: Group) -> int:
    """How many rows of a list are shown: those there are and one more, and some at least."""
    held = at(body, group.repeated)
    return min(group.most, max(ROWS, len(held) + 1 if isinstance(held, list) else 0))


def row_path(group: Group, index: int, each: Input) -> str:
    """The field of an input in a row, as problems name it."""
    return f"{group.repeated}[{index}].{each.path}"


def value_in_row(body: dict[str, Any], group: Group, index: int, each: Input) -> str:
    """What the input in a row shows."""
    held = at(body, group.repeated)
    row = held[index] if isinstance(held, list) and index < len(held) else None
    return shown(at(row, each.path), each.kind)


def written(body: dict[str, Any], part: Part, form: Form) -> dict[str, Any]:
    """The body with everything that one page holds."""
    made = copy.deepcopy(body)
    for group in part.groups:
        if group.repeated:
            put(made, group.repeated, _rows(group, form) or ([] if part.name == "handling" else None))
        else:
            for each in group.inputs:
                put(made, each.path, typed(form.text(each.path), each.kind))
    if part.name == "handling" and at(made, "declaration.cross_border") is None:
        declaration = dict(made.get("declaration") or {})
        made["declaration"] = {**declaration, "cross_border": None}
    return made


def _rows(group: Group, form: Form) -> list[dict[str, Any]]:
    rows = []
    for index in range(group.most):
        row: dict[str, Any] = {}
        for each in group.inputs:
            put(row, each.path, typed(form.text(row_path(group, index, each)), each.kind))
        if row:
            rows.append(row)
    return rows


def with_items(body: dict[str, Any], catalogue: Catalogue, form: Form) -> dict[str, Any]:
    """The body with the items of the items' page: those with a form ticked or a reason given, in catalogue order."""
    chosen = [item for item in (_item(name, form) for name in item_names(catalogue)) if item]
    made = copy.deepcopy(body)
    put(made, "declaration.items", chosen or None)
    return made


def _item(name: str, form: Form) -> dict[str, Any] | None:
    forms = form.every(FORMS + name)
    necessity: dict[str, Any] = {}
    for language in ("zh-CN", "en"):
        put(necessity, language, form.text(f"{WHY}{name}:{language}") or None)
    if not forms and not necessity:
        return None
    needed = form.text(NEEDED + name) == "yes"
    return {"item": name, "forms": forms, "required": needed, "necessity": necessity}


def item_names(catalogue: Catalogue) -> list[str]:
    """Every item, in the order of the catalogue."""
    return [f"{section}.{field}" for section, kind in catalogue.sections.items() for field in kind.fields]


def held_items(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The items of a body by name, as far as they are of the shape."""
    held = at(body, "declaration.items")
    rows = [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []
    return {str(each.get("item")): each for each in rows}


Change = Callable[[dict[str, Any]], dict[str, Any]]
