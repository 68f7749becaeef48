"""What the pages of an application show: inputs with what is written so far, items with their forms."""

from dataclasses import replace
from typing import Any

from vault.portal import apply_body
from vault.portal.apply_fields import Group, Input
from vault.portal.languages import Language
from vault.portal.words import form_name
from vault.profile.catalogue import catalogue
from vault.requesters.purposes import purposes


def group_shown(group: Group, body: dict[str, Any], spoken: Language) -> dict[str, Any]:
    """A group as its page shows it: rows of inputs."""
    hint = spoken.gettext(group.hint) if group.hint else ""
    rows = _rows(group, body, spoken) if group.repeated else [_row(group, body, spoken)]
    return {"title": spoken.gettext(group.title), "hint": hint, "rows": rows, "repeated": bool(group.repeated)}


def _row(group: Group, body: dict[str, Any], spoken: Language) -> list[dict[str, Any]]:
    return [
        _input(each, each.path, apply_body.shown(apply_body.at(body, each.path), each.kind), spoken)
        for each in group.inputs
    ]


def _rows(group: Group, body: dict[str, Any], spoken: Language) -> list[list[dict[str, Any]]]:
    rows = []
    for index in range(apply_body.rows_of(body, group)):
        named = [(each, apply_body.row_path(group, index, each)) for each in group.inputs]
        value = apply_body.value_in_row
        rows.append([_input(each, name, value(body, group, index, each), spoken) for each, name in named])
    return rows


def _input(each: Input, name: str, value: str, spoken: Language) -> dict[str, Any]:
    if each.path == "declaration.purpose.code":
        offered = tuple((code, spoken.pick(listed.name)) for code, listed in purposes().by_code.items())
        each = replace(each, choices=offered)
    return {
        "name": name,
        "label": spoken.gettext(each.label),
        "hint": spoken.gettext(each.hint) if each.hint else "",
        "kind": each.kind,
        "value": value,
        "most": each.most,
        "choices": [(code, spoken.gettext(label)) for code, label in each.choices],
    }


def sections(body: dict[str, Any], spoken: Language) -> list[dict[str, Any]]:
    """Every item of the catalogue as the items' page shows it, by section."""
    chosen = apply_body.held_items(body)
    found = []
    for kind in catalogue().sections.values():
        rows = [_item_row(f"{kind.name}.{name}", chosen, spoken) for name in kind.fields]
        found.append({"label": spoken.pick(kind.label), "rows": rows, "open": any(row["chosen"] for row in rows)})
    return found


def _item_row(name: str, chosen: dict[str, dict[str, Any]], spoken: Language) -> dict[str, Any]:
    field, row = catalogue().item(name), chosen.get(name, {})
    held = row.get("forms")
    ticked = held if isinstance(held, list) else []
    return {
        "name": name,
        "label": spoken.pick(field.label),
        "sensitive": field.is_sensitive,
        "chosen": name in chosen,
        "needed": row.get("required") is True,
        "forms": [
            {
                "name": form,
                "label": form_name(spoken, name, form),
                "ticked": isinstance(ticked, list) and form in ticked,
            }
            for form in field.forms
        ],
        "why_zh": apply_body.shown(apply_body.at(row, "necessity.zh-CN"), "text"),
        "why_en": apply_body.shown(apply_body.at(row, "necessity.en"), "text"),
    }
