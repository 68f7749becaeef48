"""Strict JSON (RFC 8259, RFC 7493): parsed whole into a type, or refused with the name of what is wrong."""

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast

import msgspec
import msgspec.inspect

from vault.errors import Invalid, Malformed

T = TypeVar("T")
MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 1_000
"""Members of one list or object."""
MAX_TEXT: Final = 100_000
"""Characters of one text."""
MAX_INTEGER: Final = 2**53 - 1
"""RFC 7493 section 2.2: what every reader of JSON can hold."""


def decode(body: bytes, kind: type[T]) -> T:
    """The body as ``kind``. Raises Malformed when it is not JSON, Invalid when it is of another shape.

    Refused besides unknown fields and wrong types: NUL characters, texts, lists, nesting and integers beyond the
    bounds of this module.
    """
    try:
        raw = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Malformed("The body is not JSON encoded as UTF-8.") from None
    except RecursionError:
        raise Malformed(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    check(raw)
    return _converted(raw, kind, strict=True)


def query(parameters: Mapping[str, str], kind: type[T]) -> T:
    """The parameters of an address as ``kind``; its fields may be numbers and moments. Raises Invalid."""
    check(dict(parameters))
    for name in _moments(cast(Hashable, kind)) & parameters.keys():
        if "T" not in parameters[name].upper():  # msgspec would read a number as a moment, too
            raise Invalid.field(name, "must be a moment such as 2026-01-31T08:00:00Z (RFC 3339)")
    return _converted(dict(parameters), kind, strict=False)


@cache
def _moments(kind: Hashable) -> frozenset[str]:
    """The parameters of a type that are moments."""
    found = msgspec.inspect.type_info(kind)
    assert isinstance(found, msgspec.inspect.StructType)
    return frozenset(each.encode_name for each in found.fields if _is_moment(each.type))


def _is_moment(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(map(_is_moment, kind.types))
    return isinstance(kind, msgspec.inspect.DateTimeType)


def _converted(raw: Any, kind: type[T], *, strict: bool) -> T:
    try:
        return msgspec.convert(raw, kind, strict=strict)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `")
        raise Invalid.field(where.rstrip("`").removeprefix("$.") or "$", _without_values(why)) from None


def check(value: Any) -> None:
    """Raises Invalid for whatever lies beyond the bounds of this module."""
    level: list[tuple[str, Any]] = [("$", value)]
    for _ in range(MAX_DEPTH):
        level = [child for where, inner in level for child in _children(where, inner)]
        if not level:
            return
    raise Invalid.field("$", f"nested deeper than {MAX_DEPTH} levels")


def _children(where: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        _bound(where, len(value), MAX_ITEMS, "members")
        for name in value:
            _check_text(where, name)
        return [(f"{where}.{name}", inner) for name, inner in value.items()]
    if isinstance(value, list):
        _bound(where, len(value), MAX_ITEMS, "members")
        return [(f"{where}[{index}]", inner) for index, inner in enumerate(value)]
    if isinstance(value, str):
        _check_text(where, value)
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise Invalid.field(where, "is beyond the integers that JSON carries safely")
    return []


def _check_text(where: str, text: str) -> None:
    _bound(where, len(text), MAX_TEXT, "characters")
    if "\x00" in text:
        raise Invalid.field(where, "holds a NUL character")


def _bound(where: str, size: int, limit: int, unit: str) -> None:
    if size > limit:
        raise Invalid.field(where, f"has more than {limit} {unit}")


def _without_values(why: str) -> str:
    """msgspec names the value of a wrong choice; an error must not hold it."""
    return "is not one of the values allowed here" if why.startswith("Invalid enum value") else why
