"""What a section's document may be. Pure: a document in, a list of what is wrong out.

A document is a JSON object {field: value} of strings, integers, booleans, lists and objects; no
floats, since they have no canonical form to sign (RFC 8785 allows integers up to 2^53 - 1).
"""

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from vault.accounts import numbers
from vault.crypto.canonical import canonical
from vault.errors import Invalid, TooLarge
from vault.profile.catalogue import Catalogue, SectionKind, catalogue
from vault.profile.fieldschema import FieldCheck, readable

MOST_BYTES: Final = 256 * 1024
MOST_DEPTH: Final = 8
MOST_MEMBERS: Final = 1000
LARGEST_INTEGER: Final = 2**53 - 1
_MOST_ERRORS: Final = 50
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")

Problem = tuple[str, str]


def check(section: str, document: object) -> dict[str, Any]:
    """The document, if it may be stored as that section.

    Raises UnknownItem (no such section), TooLarge (more than 256 KiB), Invalid with every field that is wrong
    by its path and why; never with a value.
    """
    found = problems(section, document)
    if found:
        errors = [{"field": field, "why": why} for field, why in found]
        raise Invalid(f"The section is not valid: {found[0][0]} {found[0][1]}.", errors=errors)
    assert isinstance(document, dict)
    if len(canonical(document)) > MOST_BYTES:
        raise TooLarge(f"A section may not be larger than {MOST_BYTES // 1024} KiB.")
    return document


def problems(section: str, document: object) -> list[Problem]:
    """(path, why) of everything wrong with a document; paths begin with the section's name. Raises UnknownItem."""
    kind = catalogue().section(section)
    if not isinstance(document, dict):
        return [(section, "must be an object")]
    if len(document) > MOST_MEMBERS:
        return [(section, f"has more than {MOST_MEMBERS} members")]
    found = [each for name, value in document.items() for each in _of_field(kind, name, value)]
    return found[:_MOST_ERRORS]


def _of_field(kind: SectionKind, name: str, value: Any) -> list[Problem]:
    """What is wrong with one field, the graver first: not storable, forbidden, unknown, or against its schema."""
    path = f"{kind.name}.{readable(name)}"
    found = list(_unfit(value, path, 1)) or list(_forbidden({name: value}, kind.name))
    if found:
        return found
    if name not in kind.fields:
        return [(path, "is not in the catalogue")]
    return _field_problems(kind, name, value)


def _unfit(value: object, path: str, depth: int) -> Iterator[Problem]:
    """What no field may hold: floats, huge integers, control characters, endless nesting."""
    if depth > MOST_DEPTH:
        yield path, f"is nested deeper than {MOST_DEPTH} levels"
    elif isinstance(value, dict):
        if len(value) > MOST_MEMBERS:
            yield path, f"has more than {MOST_MEMBERS} members"
            return
        for name, inner in value.items():
            if not isinstance(name, str) or len(name) > 64:
                yield path, "has a name longer than 64 characters"
                continue
            yield from _unfit(inner, f"{path}.{readable(name)}", depth + 1)
    elif isinstance(value, list):
        if len(value) > MOST_MEMBERS:
            yield path, f"has more than {MOST_MEMBERS} entries"
            return
        for index, inner in enumerate(value):
            yield from _unfit(inner, f"{path}[{index}]", depth + 1)
    else:
        yield from _unfit_leaf(value, path)


def _unfit_leaf(value: object, path: str) -> Iterator[Problem]:
    if isinstance(value, str):
        if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in value):
            yield path, "has control characters or broken Unicode"
    elif isinstance(value, float):
        yield path, "is a number with a decimal point: documents hold whole numbers only, write it as text"
    elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        yield path, "is a number too large to be exchanged safely"
    elif value is not None and not isinstance(value, bool | int):
        yield path, "is not JSON"


def _field_problems(kind: SectionKind, name: str, value: Any) -> list[Problem]:
    path = f"{kind.name}.{name}"
    if value is None:
        return [(path, "is null: leave a field out to have none")]
    found = _checks(kind.name)[name].errors(value, path)
    if not found and name == "national_id":
        try:
            numbers.normalise(value["scheme"], value["number"])
        except Invalid as error:
            return [(f"{path}.number", error.public.partition(": ")[2])]
    return found


@functools.cache
def _checks(section: str) -> dict[str, FieldCheck]:
    return {name: FieldCheck(field.schema) for name, field in catalogue().section(section).fields.items()}


def _forbidden(value: object, path: str) -> Iterator[Problem]:
    """Names of what must never be stored, at any depth, however they are spelled."""
    if isinstance(value, dict):
        for name, inner in value.items():
            why = forbidden(name)
            if why:
                yield f"{path}.{readable(name)}", f"is forbidden: {why}"
            yield from _forbidden(inner, f"{path}.{readable(name)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _forbidden(inner, f"{path}[{index}]")


def forbidden(name: str) -> str | None:
    """Why data of that name is never stored, in English; None when it may be.

    cardPIN, card-pin, CARD_PIN and ｐｉｎ are one name; "opinion" is another. Chinese names count wherever they occur.
    """
    return _forbidden_names().why(name)


class _Names:
    def __init__(self, known: Catalogue) -> None:
        entries = [(_joined(name), each.why["en"]) for each in known.forbidden for name in each.names]
        self._latin = {name: why for name, why in entries if name.isascii()}
        self._other = {name: why for name, why in entries if not name.isascii()}

    def why(self, name: str) -> str | None:
        words = [w.casefold() for w in _WORDS.findall(unicodedata.normalize("NFKC", name))]
        for start in range(len(words)):
            for end in range(start + 1, min(start + 5, len(words)) + 1):
                why = self._latin.get("".join(words[start:end]))
                if why:
                    return why
        whole = "".join(words)
        return next((why for other, why in self._other.items() if other in whole), None)


@functools.cache
def _forbidden_names() -> _Names:
    return _Names(catalogue())


def _joined(name: str) -> str:
    return "".join(w.casefold() for w in _WORDS.findall(unicodedata.normalize("NFKC", name)))
