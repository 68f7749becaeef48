"""A person's file, as ``run --person FILE`` reads it: checked whole before anything is done with it. Pure.

    {"login": …, "password": …, "name": …, "national_id": {"scheme": "cn-ric", "number": …},
     "locale": "zh-CN", "sections": {"identity": {…}, "contact": {…}, …}}

``locale`` (``zh-CN`` or ``en``, default ``zh-CN``) and ``sections`` may be missing. Names inside the
sections are the catalogue's, which are OpenID Connect's where it has them.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from vault.accounts import numbers
from vault.crypto.canonical import canonical
from vault.errors import Invalid, Malformed
from vault.profile import documents
from vault.profile.catalogue import catalogue
from vault.profile.fieldschema import readable
from vault.signin import logins, strength

LOCALES: Final = ("zh-CN", "en")
LARGEST: Final = 4 * 1024 * 1024
_MEMBERS: Final = ("login", "password", "name", "national_id", "locale", "sections")
_REQUIRED: Final = ("login", "password", "name", "national_id")
_LONGEST_NAME: Final = 100

Problem = documents.Problem


def read(data: bytes) -> dict[str, Any]:
    """The person in a file. Raises Malformed (no JSON) or Invalid with every field that is wrong, by path, and why."""
    if len(data) > LARGEST:
        raise Malformed(f"The file is larger than {LARGEST} bytes.")
    try:
        person = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Malformed(f"The file is not JSON: {error}.") from None
    except (UnicodeDecodeError, RecursionError):
        raise Malformed("The file is not JSON: it must be UTF-8 and not nested without end.") from None
    found = problems(person)
    if found:
        errors = [{"field": field, "why": why} for field, why in found]
        raise Invalid("; ".join(f"{field}: {why}" for field, why in found), errors=errors)
    defaults: dict[str, Any] = {"locale": LOCALES[0], "sections": {}}
    return {**defaults, **person}


def problems(person: object) -> list[Problem]:
    """(path, why) of everything wrong with a decoded file, in the order of the file's members."""
    if not isinstance(person, dict):
        return [("file", "must be a JSON object")]
    found = [(readable(name), "is not a member of this file") for name in person if name not in _MEMBERS]
    found += [(name, "is missing") for name in _REQUIRED if name not in person]
    for name in _MEMBERS:
        if name in person:
            found += _CHECKS[name](person[name])
    return found


def _login(value: object) -> Iterator[Problem]:
    yield from _text("login", value, logins.new_login)


def _password(value: object) -> Iterator[Problem]:
    yield from _text("password", value, strength.accept)


def _name(value: object) -> Iterator[Problem]:
    if not isinstance(value, str) or not value.strip():
        yield "name", "must be text"
    elif len(value) > _LONGEST_NAME or not value.strip().isprintable():
        yield "name", f"must be 1 to {_LONGEST_NAME} printable characters"


def _national_id(value: object) -> Iterator[Problem]:
    if not isinstance(value, dict) or set(value) != {"scheme", "number"}:
        yield "national_id", "must be an object with scheme and number"
    elif not all(isinstance(each, str) for each in value.values()):
        yield "national_id", "scheme and number must be text"
    else:
        yield from _raised(lambda: numbers.normalise(value["scheme"], value["number"]))


def _locale(value: object) -> Iterator[Problem]:
    if value not in LOCALES:
        yield "locale", f"must be one of: {', '.join(LOCALES)}"


def _sections(value: object) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield "sections", "must be an object"
        return
    for name, document in value.items():
        if name not in catalogue().sections:
            known = ", ".join(catalogue().sections)
            yield f"sections.{readable(name)}", f"is not in the catalogue; there are: {known}"
            continue
        found = documents.problems(name, document)
        yield from ((f"sections.{path}", why) for path, why in found)
        if not found and len(canonical(document)) > documents.MOST_BYTES:
            yield f"sections.{name}", f"is larger than {documents.MOST_BYTES // 1024} KiB"


def _text(field: str, value: object, check: Callable[[str], object]) -> Iterator[Problem]:
    if isinstance(value, str):
        yield from _raised(lambda: check(value))
    else:
        yield field, "must be text"


def _raised(check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except Invalid as error:
        field, _, why = error.public.partition(": ")
        yield field, why


_CHECKS: Final[dict[str, Callable[[object], Iterator[Problem]]]] = {
    "login": _login,
    "password": _password,
    "name": _name,
    "national_id": _national_id,
    "locale": _locale,
    "sections": _sections,
}
