"""What is wrong with the shape of decoded JSON, all of it at once: msgspec itself stops at the first. Pure."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

Problem = tuple[str, str]
"""Where (a path), and why."""
MISSING: Final = "is missing"
UNKNOWN: Final = "has the unknown member"
_LONGEST_NAME: Final = 60


def shape_problems(value: object, kind: Any, where: str = "") -> Iterator[Problem]:
    """Everything in ``value`` that msgspec would refuse to convert to ``kind``: structs, lists, unions with None and
    leaves. ``where``: the path of the value."""
    bare, bounds = _bare(kind)
    if get_origin(bare) in {Union, types.UnionType}:
        if value is None:
            return
        bare, bounds = _bare(next(each for each in get_args(bare) if each is not type(None)))
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        yield from _of_struct(value, bare, where)
    elif get_origin(bare) is list:
        yield from _of_list(value, get_args(bare)[0], bounds, where)
    else:
        yield from _of_leaf(value, kind, where)


def _bare(kind: Any) -> tuple[Any, msgspec.Meta]:
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        return inner, next((each for each in more if isinstance(each, msgspec.Meta)), msgspec.Meta())
    return kind, msgspec.Meta()


def _of_struct(value: object, kind: type[msgspec.Struct], where: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield where, MISSING if value is None else "must be an object"
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in value:
        if name not in fields:
            yield where or "application", f"{UNKNOWN} {str(name)[:_LONGEST_NAME]}"
    for name, field in fields.items():
        path = f"{where}.{name}" if where else name
        if name in value:
            yield from shape_problems(value[name], field.type, path)
        elif field.required:
            yield path, MISSING


def _of_list(value: object, inner: Any, bounds: msgspec.Meta, where: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield where, MISSING if value is None else "must be a list"
        return
    if len(value) < (bounds.min_length or 0):
        yield where, f"must have at least {bounds.min_length} entries" if value else MISSING
    if bounds.max_length is not None and len(value) > bounds.max_length:
        yield where, f"must not have more than {bounds.max_length} entries"
        return
    for index, each in enumerate(value):
        yield from shape_problems(each, inner, f"{where}[{index}]")


def _of_leaf(value: object, kind: Any, where: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if value in ("", None):
            yield where, MISSING
        else:
            yield where, _without_values(str(error).partition(" - at `")[0])


def _without_values(why: str) -> str:
    """msgspec names the value of a wrong choice; an error must not hold it."""
    return "is not one of the values allowed here" if why.startswith("Invalid enum value") else why
