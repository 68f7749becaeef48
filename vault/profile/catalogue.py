"""The catalogue: which sections and fields exist, how sensitive each is, in which forms each may leave.

The data is ``catalogue_v1.json``, checked whole when it is loaded: schemas are JSON Schema 2020-12 and
bounded, forms have the parameters of their kind, every text is there in both languages. It may grow by
sections, fields and forms; what a name means never changes, since declarations and consents name items.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

import msgspec

from vault.errors import BadConfiguration, Invalid
from vault.profile import shapes
from vault.profile.fieldschema import check_schema, inline

Sensitivity = Literal["public", "general", "sensitive"]
Compartment = Literal["general", "sensitive"]
Approval = Literal["grant", "release"]
"""What an officer approves of sensitive items: all releases of a grant, within bounds, or each one."""
GENERAL: Final = "general"
SENSITIVE: Final = "sensitive"
COMPARTMENTS: Final[tuple[Compartment, ...]] = (GENERAL, SENSITIVE)
LANGUAGES: Final = ("en", "zh-CN")


class UnknownItem(Invalid):
    """No such section, field or item in the catalogue."""

    name = "unknown-item"
    title = "The catalogue has no such item"
    advice = "Items are named section.field; GET /v1/catalogue lists them."


class WrongForm(Invalid):
    """The item exists but does not leave in that form."""

    name = "wrong-form"
    title = "The item is not offered in this form"
    advice = "GET /v1/catalogue lists the forms of each item."


@dataclass(frozen=True)
class Field:
    """One field of one section. ``schema`` is self-contained; ``forms`` maps form names to their parameters."""

    section: str
    name: str
    schema: Mapping[str, Any]
    sensitivity: Sensitivity
    forms: Mapping[str, shapes.Form]
    label: Mapping[str, str]
    description: Mapping[str, str]
    approvals: Mapping[str, Approval]

    @property
    def item(self) -> str:
        """The name by which declarations, consents and releases call it, e.g. ``identity.name``."""
        return f"{self.section}.{self.name}"

    @property
    def compartment(self) -> Compartment:
        """Which of the section's two keys protects it (PIPL art. 28: sensitive apart from the rest)."""
        return SENSITIVE if self.sensitivity == "sensitive" else GENERAL

    @property
    def is_sensitive(self) -> bool:
        """Whether it needs a separate consent (PIPL art. 29) and an officer's share."""
        return self.compartment == SENSITIVE

    def approval(self, form: str) -> Approval:
        """What an officer approves where it leaves in this form, if it is sensitive: each release, unless said
        otherwise."""
        return self.approvals.get(form, "release")

    def form(self, name: str) -> shapes.Form:
        """The parameters of one of its forms. Raises WrongForm naming item and form."""
        if name not in self.forms:
            offered = ", ".join(self.forms)
            raise WrongForm(f"{self.item} is not offered in this form; it has: {offered}.", item=self.item, form=name)
        return self.forms[name]


@dataclass(frozen=True)
class SectionKind:
    """One section of the catalogue."""

    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class Forbidden:
    """Data that is never stored at all, by the names it goes under, and why: language → sentence."""

    names: tuple[str, ...]
    why: Mapping[str, str]


@dataclass(frozen=True)
class Catalogue:
    """A checked catalogue."""

    version: int
    sections: Mapping[str, SectionKind]
    forbidden: tuple[Forbidden, ...]

    def section(self, name: str) -> SectionKind:
        """Raises UnknownItem."""
        if name not in self.sections:
            raise UnknownItem(f"There is no such section; there are: {', '.join(self.sections)}.", section=name[:80])
        return self.sections[name]

    def item(self, name: str) -> Field:
        """The field of an item name such as ``identity.name``. Raises UnknownItem."""
        field = self.find(name)
        if field is None:
            raise UnknownItem(f"There is no item {name[:80]!r} in the catalogue.", item=name[:80])
        return field

    def find(self, name: str) -> Field | None:
        """As :meth:`item`, but None when there is none."""
        return self._by_name.get(name)

    @functools.cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.item: field for field in self}

    def __iter__(self) -> Iterator[Field]:
        for section in self.sections.values():
            yield from section.fields.values()


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the product, read and checked once."""
    data = resources.files("vault.profile").joinpath("catalogue_v1.json").read_bytes()
    return parse(data)


def item(name: str) -> Field:
    """The current catalogue's field of that item name. Raises UnknownItem."""
    return catalogue().item(name)


def compartment(field: Field) -> Compartment:
    """Which of its section's two keys protects a field."""
    return field.compartment


class _Field(msgspec.Struct, forbid_unknown_fields=True):
    schema: dict[str, Any]
    sensitivity: Sensitivity
    label: dict[str, str]
    description: dict[str, str]
    forms: dict[str, msgspec.Raw]
    approval: dict[str, Approval] = {}


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    label: dict[str, str]
    description: dict[str, str]
    fields: dict[str, _Field]


class _Forbidden(msgspec.Struct, forbid_unknown_fields=True):
    names: tuple[str, ...]
    why: dict[str, str]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    known_versions: ClassVar[tuple[int, ...]] = (1,)

    version: int
    defs: dict[str, Any] = msgspec.field(name="$defs")
    forbidden: tuple[_Forbidden, ...]
    sections: dict[str, _Section]


def parse(data: bytes) -> Catalogue:
    """A catalogue from its JSON. Raises BadConfiguration naming what is wrong."""
    try:
        file = msgspec.json.decode(data, type=_File)
        if file.version not in _File.known_versions:
            raise BadConfiguration(f"This program does not know catalogue version {file.version}.")
        sections = {name: _section(name, raw, file.defs) for name, raw in file.sections.items()}
    except msgspec.MsgspecError as error:
        raise BadConfiguration(f"The catalogue is not usable: {error}.") from None
    forbidden = tuple(Forbidden(each.names, _bilingual("forbidden", each.why)) for each in file.forbidden)
    return Catalogue(file.version, MappingProxyType(sections), forbidden)


def _section(name: str, raw: _Section, defs: dict[str, Any]) -> SectionKind:
    fields = {field: _field(name, field, body, defs) for field, body in raw.fields.items()}
    label, description = _bilingual(name, raw.label), _bilingual(name, raw.description)
    return SectionKind(name, label, description, MappingProxyType(fields))


def _field(section: str, name: str, raw: _Field, defs: dict[str, Any]) -> Field:
    where = f"{section}.{name}"
    schema = inline(raw.schema, defs, where)
    check_schema(schema, where)
    offered = {form: _form(where, form, parameters) for form, parameters in raw.forms.items()}
    if not offered:
        raise BadConfiguration(f"{where} of the catalogue has no form in which it may leave.")
    if unknown := sorted(set(raw.approval) - set(offered)):
        raise BadConfiguration(
            f"{where} of the catalogue: approval names {unknown[0]!r}, which is not one of its forms."
        )
    if raw.approval and raw.sensitivity != "sensitive":
        raise BadConfiguration(f"{where} of the catalogue: only sensitive fields take an approval.")
    return Field(
        section,
        name,
        MappingProxyType(schema),
        raw.sensitivity,
        MappingProxyType(offered),
        _bilingual(where, raw.label),
        _bilingual(where, raw.description),
        MappingProxyType(dict(raw.approval)),
    )


def _form(where: str, name: str, parameters: msgspec.Raw) -> shapes.Form:
    kind = shapes.form_type(name)
    if kind is None:
        raise BadConfiguration(f"{where} of the catalogue: {name!r} is not a form.")
    form = msgspec.json.decode(parameters, type=kind)
    if isinstance(form, shapes.Band) and (not form.edges or list(form.edges) != sorted(set(form.edges))):
        raise BadConfiguration(f"{where} of the catalogue: the edges of its band do not ascend.")
    if isinstance(form, shapes.Predicate | shapes.Labels):
        _bilingual(f"{where} {name}", form.label)
    if isinstance(form, shapes.Labels):
        _check_rules(f"{where} {name}", form)
    return form


def _check_rules(where: str, labels: shapes.Labels) -> None:
    """Every value has exactly one word: names differ, the last rule takes what is left, bounds descend."""
    names, least = [rule.name for rule in labels.rules], [rule.least for rule in labels.rules[:-1]]
    ordered = labels.of == "one_of" or least == sorted({each for each in least if each is not None}, reverse=True)
    last = labels.rules[-1] if labels.rules else None
    if len(names) < 2 or len(set(names)) != len(names) or not ordered:
        raise BadConfiguration(f"{where} of the catalogue: its rules need names of their own and descending bounds.")
    if last is None or last.least is not None or last.values:
        raise BadConfiguration(f"{where} of the catalogue: its last rule must take whatever is left.")
    for rule in labels.rules:
        _bilingual(f"{where} {rule.name}", rule.text)


def _bilingual(where: str, texts: dict[str, str]) -> Mapping[str, str]:
    if set(texts) != set(LANGUAGES) or not all(texts.values()):
        raise BadConfiguration(f"{where} of the catalogue needs its text in {' and '.join(LANGUAGES)}.")
    return MappingProxyType(texts)
