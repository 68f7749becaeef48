"""Forms from the catalogue: a section's document becomes inputs, submitted inputs become a document.

An input is named by the path that errors use too (``finance.accounts[0].number``), so that each reason finds its
place. What is left empty is left out of the document.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vault.portal.languages import Language
from vault.portal.words import hint, word
from vault.profile.catalogue import Field, SectionKind

LONG: Final = 1000
"""Characters from which on a text gets several lines."""
PRESET: Final[Mapping[str, str]] = {"currency": "CNY"}
"""Members filled in beforehand; alone they do not make a value."""

Schema = Mapping[str, Any]
Read = Callable[[str], str]


@dataclass(frozen=True)
class Input:
    """One input. ``kind`` is text, date, number, choice or long."""

    name: str
    label: str
    kind: str
    value: str
    hint: str = ""
    choices: list[dict[str, str]] = field(default_factory=list)
    max: int = 200
    sensitive: bool = False


@dataclass(frozen=True)
class Group:
    """Inputs that belong together. ``more``: the name of the list that may grow."""

    name: str
    label: str
    inputs: list["Input | Group"]
    hint: str = ""
    more: str = ""
    sensitive: bool = False


def controls(kind: SectionKind, document: Mapping[str, Any], language: Language, more: str = "") -> list[Input | Group]:
    """The inputs of a section, filled from a document; ``more`` names a list that gets one more empty entry."""
    maker = _Maker(language, more)
    return [maker.of_field(each, document.get(each.name)) for each in kind.fields.values()]


@dataclass(frozen=True)
class _Maker:
    language: Language
    more: str

    def of_field(self, each: Field, value: Any) -> Input | Group:
        label, told = self.language.pick(each.label), self.language.pick(each.description)
        made = self.of(each.schema, each.item, label, value)
        return type(made)(**{**made.__dict__, "hint": told, "sensitive": each.is_sensitive})

    def of(self, schema: Schema, name: str, label: str, value: Any) -> Input | Group:
        if schema.get("type") == "object":
            given = value if isinstance(value, dict) else {}
            shown = {member: inner for member, inner in schema["properties"].items() if not _is_fixed(inner)}
            inputs = [
                self.of(
                    inner, f"{name}.{member}", word(self.language, member), given.get(member, _preset(member, value))
                )
                for member, inner in shown.items()
            ]
            return Group(name, label, inputs)
        if schema.get("type") == "array":
            return self._of_list(schema, name, label, value if isinstance(value, list) else [])
        return self._of_leaf(schema, name, label, value)

    def _of_list(self, schema: Schema, name: str, label: str, values: list[Any]) -> Group:
        room = schema["maxItems"] - len(values)
        blank = min(room, 2 if self.more == name else 1 if not values else 0)
        inputs = [
            self.of(schema["items"], f"{name}[{index}]", f"{label} {index + 1}", value)
            for index, value in enumerate([*values, *[None] * blank])
        ]
        return Group(name, label, inputs, more=name if room > blank else "")

    def _of_leaf(self, schema: Schema, name: str, label: str, value: Any) -> Input:
        said = hint(self.language, str(schema.get("description", "")))
        if "enum" in schema:
            choices = [{"value": str(each), "text": word(self.language, str(each))} for each in schema["enum"]]
            return Input(name, label, "choice", _text(value), said, choices)
        if schema["type"] == "boolean":
            words = {"true": self.language.gettext("yes"), "false": self.language.gettext("no")}
            return Input(name, label, "choice", _text(value), said, [{"value": v, "text": t} for v, t in words.items()])
        if schema["type"] == "integer":
            return Input(name, label, "number", _text(value), said, max=20)
        if schema.get("format") == "date":
            return Input(name, label, "date", _text(value), said, max=10)
        longest = schema.get("maxLength", 200)
        return Input(name, label, "long" if longest >= LONG else "text", _text(value), said, max=longest)


def document_of(kind: SectionKind, names: list[str], read: Read) -> dict[str, Any]:
    """The document that was submitted. ``names``: the fields that came; ``read`` gives the text of one.

    What is not of its type stays as it was typed: checking it is the profile room's.
    """
    found = {each.name: _read(each.schema, each.item, names, read) for each in kind.fields.values()}
    return {name: value for name, value in found.items() if value is not None}


def _read(schema: Schema, name: str, names: list[str], read: Read) -> Any:
    if schema.get("type") == "object":
        return _read_object(schema, name, names, read)
    if schema.get("type") == "array":
        entries = [_read(schema["items"], f"{name}[{index}]", names, read) for index in _indexes(schema, name, names)]
        return [entry for entry in entries if entry is not None] or None
    text = read(name).replace("\r\n", "\n")
    if not text:
        return None
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if schema.get("type") == "integer":
        return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 20 else text
    return text


def _read_object(schema: Schema, name: str, names: list[str], read: Read) -> dict[str, Any] | None:
    members = schema["properties"].items()
    typed = {member: _read(inner, f"{name}.{member}", names, read) for member, inner in members}
    given = {member: value for member, value in typed.items() if value is not None}
    if all(PRESET.get(member) == value for member, value in given.items()):
        return None
    return {member: inner["enum"][0] for member, inner in members if _is_fixed(inner)} | given


def _indexes(schema: Schema, name: str, names: list[str]) -> Iterator[int]:
    for index in range(schema["maxItems"]):
        at = f"{name}[{index}]"
        if any(sent == at or sent.startswith(f"{at}.") for sent in names):
            yield index


def _is_fixed(schema: Schema) -> bool:
    """A member that has one value only needs no input."""
    return len(schema.get("enum", ())) == 1


def _preset(member: str, value: Any) -> str | None:
    return PRESET.get(member) if value is None else None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def labels(groups: list[Input | Group]) -> dict[str, str]:
    """What each input and group is called, by name: for the summary of errors."""
    found = {}
    for each in groups:
        found[each.name] = each.label
        if isinstance(each, Group):
            found |= {name: f"{each.label}: {text}" for name, text in labels(each.inputs).items()}
    return found
