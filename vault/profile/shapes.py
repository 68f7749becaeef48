"""What a form does to a value. Pure and deterministic.

``raw`` gives the value as it is, ``masked`` hides most of it, ``band`` gives a range, ``predicate:NAME`` answers
yes or no, ``label:NAME`` answers with a word of a published list. ``relay`` gives no part of the value at all: an
address of the registry's relay stands for it. What each may show is data of the catalogue: the structs here are the
parameters. May grow by new optional parameters and new tests, never by a new meaning of an old one, since consents
name forms.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal

import msgspec

RAW: Final = "raw"
MASKED: Final = "masked"
BAND: Final = "band"
PREDICATE: Final = "predicate:"
LABEL: Final = "label:"
RELAY: Final = "relay"
STAR: Final = "*"

Texts = dict[str, str]
_WORDS: Final[Mapping[str, Texts]] = {
    RAW: {"en": "in full", "zh-CN": "完整内容"},
    MASKED: {"en": "partly hidden", "zh-CN": "部分遮盖"},
    BAND: {"en": "as a range", "zh-CN": "区间"},
    RELAY: {"en": "hidden behind the registry's relay", "zh-CN": "由登记机构中转，不透露本身"},
}
_STANDS: Final[Mapping[str, Texts]] = {
    "mail": {"en": "a mail address of the registry's relay", "zh-CN": "登记机构中转服务的邮件地址"},
    "call": {"en": "a call-back address of the registry's relay", "zh-CN": "登记机构中转服务的回呼地址"},
}


class Raw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value as it is."""


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text: ``start`` characters, stars, ``end`` characters (138****0013), after taking ``strip`` off the front;
    with ``until``, only what is before that sign is hidden (z****@example.com). Objects: ``keep`` lists members
    shown as they are, ``members`` those masked by their own parameters; the rest is left out. Lists: each element.
    """

    start: int = 0
    end: int = 0
    strip: str = ""
    until: str = ""
    keep: tuple[str, ...] = ()
    members: dict[str, "Mask"] = {}


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The range of ``edges`` (ascending) a number falls into: {"from": inclusive, "to": exclusive}, open at the ends.

    ``of`` amount: an integer, in ``member`` of an object where given, with the members of ``carry`` beside it.
    ``of`` years: completed years since a date, for age or length of service.
    """

    of: Literal["amount", "years"]
    edges: tuple[int, ...]
    member: str | None = None
    carry: tuple[str, ...] = ()


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A yes-or-no question. years: at least ``least`` completed years since the date; amount: at least ``least``,
    provided every member in ``where`` is equal; one_of, starts_with: against ``values``; present: not empty."""

    test: Literal["years", "amount", "one_of", "starts_with", "present"]
    label: Texts
    least: int = 0
    member: str | None = None
    where: dict[str, str] = {}
    values: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One word of a list and when it applies: from ``least`` on, or to one of ``values``. With neither: to whatever
    no rule before it applied to."""

    name: str
    text: Texts
    least: int | None = None
    values: tuple[str, ...] = ()


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of a published list, by the first rule that applies; the last one applies to everything. ``of`` as in
    :class:`Band`, or one_of: the value itself is compared. What is answered is the rule's ``name``."""

    of: Literal["amount", "years", "one_of"]
    label: Texts
    rules: tuple[Rule, ...]
    member: str | None = None


class Relay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An address of the registry's relay in the value's place: for ``mail``, or for a ``call``."""

    by: Literal["mail", "call"]


Form = Raw | Mask | Band | Predicate | Labels | Relay


def form_type(name: str) -> type[Form] | None:
    """Which parameters a form of that name takes; None when there is no such form."""
    if name.startswith(PREDICATE) and len(name) > len(PREDICATE):
        return Predicate
    if name.startswith(LABEL) and len(name) > len(LABEL):
        return Labels
    kinds: dict[str, type[Form]] = {RAW: Raw, MASKED: Mask, BAND: Band, RELAY: Relay}
    return kinds.get(name)


def words(name: str, form: Form, locale: str) -> str:
    """How a form is called to people."""
    return _in(form.label if isinstance(form, Predicate | Labels) else _WORDS[name], locale)


def said(form: Form, value: Any, today: date, locale: str) -> Any:
    """The value in that form as people read it: the words of a list; what stands for a relayed value."""
    if isinstance(form, Labels):
        return _in(_rule(form, value, today).text, locale)
    return _in(_STANDS[form.by], locale) if isinstance(form, Relay) else show(form, value, today)


def _in(texts: Texts, locale: str) -> str:
    return texts["zh-CN" if locale.lower().startswith("zh") else "en"]


def show(form: Form, value: Any, today: date) -> Any:
    """The value in that form. ``today`` is the date in the registry's time zone.

    The value has passed its field's schema. Ages count completed years (GB/T 7408, ISO 8601 dates);
    who was born on 29 February grows older on 1 March in common years. Of a relayed value nothing is shown: whoever
    delivers puts the relay's address there.
    """
    if isinstance(form, Raw):
        return value
    if isinstance(form, Mask):
        return _masked(form, value)
    if isinstance(form, Band):
        return _band(form, value, today)
    if isinstance(form, Predicate):
        return _holds(form, value, today)
    if isinstance(form, Labels):
        return _rule(form, value, today).name
    return None  # of what is relayed


def completed_years(since: date, today: date) -> int:
    """Whole years between two dates; negative when ``since`` lies ahead."""
    return today.year - since.year - ((today.month, today.day) < (since.month, since.day))


def _masked(mask: Mask, value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(mask, element) for element in value]
    if isinstance(value, dict):
        shown = {name: value[name] for name in mask.keep if name in value}
        hidden = {name: _masked(inner, value[name]) for name, inner in mask.members.items() if name in value}
        return shown | hidden
    return _masked_text(mask, str(value))


def _masked_text(mask: Mask, text: str) -> str:
    text = text.removeprefix(mask.strip)
    if mask.until:
        head, sign, tail = text.partition(mask.until)
        return _stars(head, mask.start, mask.end) + sign + tail
    return _stars(text, mask.start, mask.end)


def _stars(text: str, start: int, end: int) -> str:
    """At least a third is hidden, or else everything: a short value must not shine through."""
    if 3 * (len(text) - start - end) < len(text):
        start = end = 0
    return text[:start] + STAR * (len(text) - start - end) + text[len(text) - end :]


def _band(band: Band, value: Any, today: date) -> dict[str, Any]:
    number = _years(value, today) if band.of == "years" else _amount(band.member, value)
    shown: dict[str, Any] = {name: value[name] for name in band.carry if name in value}
    below = [edge for edge in band.edges if edge <= number]
    above = [edge for edge in band.edges if edge > number]
    if below:
        shown["from"] = below[-1]
    if above:
        shown["to"] = above[0]
    return shown


def _holds(predicate: Predicate, value: Any, today: date) -> bool:
    if predicate.test == "years":
        return _years(value, today) >= predicate.least
    if predicate.test == "amount":
        fits = all(value.get(name) == wanted for name, wanted in predicate.where.items())
        return fits and _amount(predicate.member, value) >= predicate.least
    if predicate.test == "one_of":
        return value in predicate.values
    if predicate.test == "starts_with":
        return str(value).startswith(predicate.values)
    return bool(value)


def _rule(labels: Labels, value: Any, today: date) -> Rule:
    if labels.of == "one_of":
        return next((rule for rule in labels.rules if value in rule.values), labels.rules[-1])
    number = _years(value, today) if labels.of == "years" else _amount(labels.member, value)
    return next(rule for rule in labels.rules if rule.least is None or number >= rule.least)


def _years(value: Any, today: date) -> int:
    return completed_years(date.fromisoformat(value), today)


def _amount(member: str | None, value: Any) -> int:
    return int(value if member is None else value[member])
