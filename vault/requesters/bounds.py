"""Bounds: what the registry lets be declared at most, per purpose × item × collection. Pure.

A rule names a purpose, an item and a collection, each exactly, by its group (``credit.*``, ``identity.*``) or as
``*``, and states any of the limits. For each limit the most specific rule that states it holds: the purpose counts
before the item, the item before the collection. The rule for everything (``*`` three times) states every limit.
"""

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Annotated, Any, Final, Literal

import msgspec

from vault.crypto.canonical import canonical, digest
from vault.errors import Invalid
from vault.requesters.declarations import (
    LONGEST_DURATION_DAYS,
    LONGEST_RETENTION_DAYS,
    MOST_PER_DAY,
    MOST_PER_HOUR,
    Declaration,
)
from vault.requesters.purposes import purposes

MOST_RULES: Final = 2000
ANY: Final = "*"
LIMITS: Final = ("longest_duration_days", "retention_days", "per_hour", "per_day", "forms")
Pattern = Annotated[str, msgspec.Meta(pattern=r"^(\*|[a-z][a-z0-9_]*([._-][a-z0-9_]+)*(\.\*)?)\Z", max_length=100)]
FormPattern = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*(:(\*|[a-z0-9_]{1,40}))?\Z", max_length=80)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One rule. Days; releases per hour or day; ``forms`` empty: the item may not be asked for at all."""

    purpose: Pattern
    item: Pattern
    collection: Literal["*", "one_time", "periodic"]
    longest_duration_days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DURATION_DAYS)] | None = None
    retention_days: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_RETENTION_DAYS)] | None = None
    per_hour: Annotated[int, msgspec.Meta(ge=1, le=MOST_PER_HOUR)] | None = None
    per_day: Annotated[int, msgspec.Meta(ge=1, le=MOST_PER_DAY)] | None = None
    forms: Annotated[list[FormPattern], msgspec.Meta(max_length=40)] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What it speaks of."""
        return self.purpose, self.item, self.collection

    @property
    def specificity(self) -> tuple[int, int, int]:
        """The greater, the more specific."""
        return _exactness(self.purpose), _exactness(self.item), _exactness(self.collection)

    def fits(self, purpose: str, item: str, collection: str) -> bool:
        """Whether it speaks of this."""
        return _fits(self.purpose, purpose) and _fits(self.item, item) and _fits(self.collection, collection)


Rules = Annotated[list[Rule], msgspec.Meta(min_length=1, max_length=MOST_RULES)]


class Limits(msgspec.Struct, frozen=True):
    """What holds for one item of one purpose."""

    longest_duration_days: int
    retention_days: int
    per_hour: int
    per_day: int
    forms: list[str]

    def allows(self, form: str) -> bool:
        """Whether a form may be declared: by name, or by kind (``predicate:*``)."""
        return form in self.forms or (":" in form and f"{form.partition(':')[0]}:*" in self.forms)


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the bounds."""

    version: int
    rules: Rules

    def limits(self, purpose: str, item: str, collection: str) -> Limits:
        """The limits that hold: each from the most specific rule that states it."""
        fitting = [rule for rule in self.rules if rule.fits(purpose, item, collection)]
        fitting.sort(key=lambda rule: rule.specificity, reverse=True)
        found = {name: next(value for rule in fitting if (value := getattr(rule, name)) is not None) for name in LIMITS}
        return Limits(**found)

    def digest(self) -> bytes:
        """SHA-256 over the canonical form of ``["bounds", 1, version, rules]``: 32 bytes."""
        return digest(canonical(["bounds", 1, self.version, plain(self.rules)]))


@functools.cache
def shipped() -> Bounds:
    """Version 1, which holds until the registry adopts another."""
    data = resources.files("vault.requesters").joinpath("bounds_v1.json").read_bytes()
    found = msgspec.json.decode(data, type=Bounds)
    check_rules(found.rules)
    return found


def check_rules(rules: list[Rule]) -> None:
    """Raises Invalid naming every rule that cannot be one of the bounds."""
    wrong = [{"field": where, "why": why} for where, why in _wrong(rules)]
    if wrong:
        raise Invalid("; ".join(f"{each['field']}: {each['why']}" for each in wrong[:5]), errors=wrong[:50])


def excesses(declaration: Declaration, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Everything in a declaration that exceeds the bounds: (path below the declaration, why)."""
    purpose, per, count = declaration.purpose.code, declaration.frequency.per, declaration.frequency.count
    for index, declared in enumerate(declaration.items):
        limits = bounds.limits(purpose, declared.item, declaration.collection)
        said = f"of {declared.item} for {purpose} (bounds, version {bounds.version})"
        if declaration.longest_duration_days > limits.longest_duration_days:
            yield "longest_duration_days", f"must be at most {limits.longest_duration_days} because {said}"
        if declaration.retention_days > limits.retention_days:
            yield "retention_days", f"must be at most {limits.retention_days} because {said}"
        most = limits.per_hour if per == "hour" else limits.per_day
        if count > most:
            yield "frequency.count", f"must be at most {most} per {per} because {said}"
        for place, form in enumerate(declared.forms):
            if not limits.allows(form):
                allowed = ", ".join(limits.forms) or "no form at all"
                yield f"items[{index}].forms[{place}]", f"must be one of {allowed}, not {form}, because {said}"


def plain(rules: list[Rule]) -> list[dict[str, Any]]:
    """The rules as JSON data, what they do not state left out."""
    found: list[dict[str, Any]] = msgspec.to_builtins(rules)
    return found


def _exactness(pattern: str) -> int:
    return 0 if pattern == ANY else 1 if pattern.endswith(".*") else 2


def _fits(pattern: str, value: str) -> bool:
    return pattern in {ANY, value} or (pattern.endswith(".*") and value.startswith(pattern[:-1]))


def _wrong(rules: list[Rule]) -> Iterator[tuple[str, str]]:
    seen: set[tuple[str, str, str]] = set()
    listed = purposes()
    for index, rule in enumerate(rules):
        where = f"rules[{index}]"
        if rule.key in seen:
            yield where, f"{' × '.join(rule.key)} has a rule already"
        seen.add(rule.key)
        if all(getattr(rule, name) is None for name in LIMITS):
            yield where, "states no limit"
        code = rule.purpose.removesuffix(".*")
        if rule.purpose != ANY and code not in listed.by_code and code not in listed.categories:
            yield f"{where}.purpose", f"{rule.purpose} is not in the list of purposes"
    everything = next((rule for rule in rules if rule.key == (ANY, ANY, ANY)), None)
    if everything is None or any(getattr(everything, name) is None for name in LIMITS):
        yield "rules", "must hold one for * × * × * that states every limit"
