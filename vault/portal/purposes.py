"""The public page of purposes: what may be asked for, and the registry's bounds for each."""

from typing import Any, Final

from litestar import get
from litestar.response import Template

from vault.edge.request import VaultRequest
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.portal.words import days, item_name
from vault.profile.catalogue import catalogue
from vault.requesters import bounding
from vault.requesters.bounds import ANY, LIMITS, Bounds, Rule
from vault.requesters.declarations import PERIODIC
from vault.requesters.purposes import ListedPurpose, purposes

_NAMES: Final = {
    "longest_duration_days": N_("consent at most"),
    "retention_days": N_("kept at most"),
    "per_hour": N_("times an hour at most"),
    "per_day": N_("times a day at most"),
    "forms": N_("forms"),
}
_COLLECTIONS: Final = {"one_time": N_("collected once"), "periodic": N_("collected repeatedly")}


@get("/purposes")
async def purposes_page(request: VaultRequest) -> Template:
    """Every purpose with its bounds, by category."""
    spoken, listed = language_of(request), purposes()
    bounds: Bounds = await request.doors.database.run(bounding.current)
    categories = [
        {
            "code": code,
            "name": spoken.pick(names),
            "purposes": [
                _purpose(each, bounds, spoken)
                for each in listed.by_code.values()
                if each.category == code and not each.retired
            ],
        }
        for code, names in listed.categories.items()
    ]
    return page(
        request, "purposes", wide=True, categories=categories, version=listed.version, bounds_version=bounds.version
    )


def _purpose(listed: ListedPurpose, bounds: Bounds, spoken: Language) -> dict[str, Any]:
    general = bounds.limits(listed.code, ANY, PERIODIC)
    fitting = [rule for rule in bounds.rules if rule.fits(listed.code, rule.item, rule.collection)]
    special = [rule for rule in fitting if rule.item != ANY or rule.collection != ANY]
    special.sort(key=lambda rule: (rule.item, rule.collection, rule.specificity))
    return {
        "code": listed.code,
        "name": spoken.pick(listed.name),
        "description": spoken.pick(listed.description),
        "duration": days(spoken, general.longest_duration_days),
        "retention": days(spoken, general.retention_days),
        "per_hour": general.per_hour,
        "per_day": general.per_day,
        "special": [_said(rule, spoken) for rule in special if not _is_overruled(rule, special)],
    }


def _is_overruled(rule: Rule, others: list[Rule]) -> bool:
    """Whether a rule for a narrower purpose says everything anew that this one says of the same."""
    stated = {name for name in LIMITS if getattr(rule, name) is not None}
    return any(
        other.specificity > rule.specificity
        and other.key[1:] == rule.key[1:]
        and stated <= {name for name in LIMITS if getattr(other, name) is not None}
        for other in others
    )


def _said(rule: Rule, spoken: Language) -> dict[str, str]:
    what = _item(rule.item, spoken)
    if rule.collection != ANY:
        what = f"{what}, {spoken.gettext(_COLLECTIONS[rule.collection])}"
    limits = [
        f"{spoken.gettext(_NAMES[name])}: {_value(rule, name, spoken)}"
        for name in LIMITS
        if getattr(rule, name) is not None
    ]
    return {"what": what, "limits": "; ".join(limits)}


def _value(rule: Rule, name: str, spoken: Language) -> str:
    value = getattr(rule, name)
    if name == "forms":
        return ", ".join(value) or spoken.gettext("none: it may not be asked for")
    return days(spoken, value) if name.endswith("_days") else str(value)


def _item(pattern: str, spoken: Language) -> str:
    if pattern == ANY:
        return spoken.gettext("every item")
    if pattern.endswith(".*"):
        section = catalogue().sections.get(pattern.removesuffix(".*"))
        return spoken.pick(section.label) if section else pattern
    return item_name(spoken, pattern)
