"""JSON Schema 2020-12 as the catalogue uses it: self-contained, bounded, with errors that show no values."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jsonschema
from jsonschema.exceptions import SchemaError, ValidationError

from vault.errors import BadConfiguration

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MOST_ERRORS: Final = 20
_TYPES: Final = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
_TELLING: Final = ("pattern", "format")  # a wrong length is no news beside these
_OF_TEXT: Final = ("minLength", "maxLength", *_TELLING)
_READABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """ECMA-262 semantics, as JSON Schema asks: ``$`` does not match before a final line feed."""
    if isinstance(value, str) and (value.endswith("\n") or not re.search(pattern, value)):
        yield ValidationError("pattern")


_extend: Any = jsonschema.validators.extend  # has no type hints
_Validator = _extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def inline(schema: Mapping[str, Any], defs: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The schema with every ``#/$defs/NAME`` replaced by what it names, so that it stands alone."""
    return {name: _inlined(part, defs, where) for name, part in _referred(schema, defs, where).items()}


def _inlined(part: Any, defs: Mapping[str, Any], where: str) -> Any:
    if isinstance(part, dict):
        return inline(part, defs, where)
    return [_inlined(each, defs, where) for each in part] if isinstance(part, list) else part


def _referred(schema: Mapping[str, Any], defs: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    name = str(schema["$ref"]).removeprefix("#/$defs/")
    if len(schema) > 1 or name not in defs:
        raise BadConfiguration(f"{where} of the catalogue refers to something that is not there.")
    found: Mapping[str, Any] = defs[name]
    return found


def check_schema(schema: Mapping[str, Any], where: str) -> None:
    """Raises BadConfiguration unless the schema is valid and bounds every length, count and size."""
    try:
        jsonschema.Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise BadConfiguration(f"{where} of the catalogue is no JSON Schema: {error.message}.") from None
    for missing in _unbounded(schema):
        raise BadConfiguration(f"{where} of the catalogue is not bounded: {missing}.")


def _unbounded(schema: Mapping[str, Any]) -> Iterator[str]:
    needed = {
        "string": ("maxLength",),
        "integer": ("minimum", "maximum"),
        "array": ("maxItems", "items"),
        "object": ("properties", "additionalProperties"),
        "boolean": (),
    }
    if "enum" in schema:
        return
    kind = schema.get("type")
    if kind not in needed:
        yield f"type {kind!r} (floats have no place: use integers or text)"
        return
    yield from (f"{name} is missing" for name in needed[kind] if name not in schema)
    if schema.get("additionalProperties", False) is not False:
        yield "additionalProperties is not false"
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    for each in inner:
        yield from _unbounded(each)


class FieldCheck:
    """A compiled schema of one field."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = _Validator(dict(schema), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

    def errors(self, value: Any, path: str) -> list[tuple[str, str]]:
        """(path, why) of everything wrong with a value, one reason for each place. Never quotes the value."""
        found: dict[tuple[str, str], str] = {}
        for error in itertools.islice(self._validator.iter_errors(value), _MOST_ERRORS):
            at = path + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
            place = (at, "" if error.validator in _OF_TEXT else error.validator)
            if place not in found or error.validator in _TELLING:
                found[place] = _why(error)
        return [(at, why) for (at, _), why in found.items()]


def _why(error: Any) -> str:
    rule, bound = error.validator, error.validator_value
    sentences: dict[str, Callable[[], str]] = {
        "type": lambda: f"must be {_TYPES.get(bound, bound)}",
        "enum": lambda: f"must be one of: {', '.join(bound)}",
        "maxLength": lambda: f"must not be longer than {bound} characters",
        "minLength": lambda: "must not be empty" if bound == 1 else f"must have at least {bound} characters",
        "maxItems": lambda: f"must not have more than {bound} entries",
        "uniqueItems": lambda: "must not name anything twice",
        "minimum": lambda: f"must not be less than {bound}",
        "maximum": lambda: f"must not be more than {bound}",
        "format": lambda: f"must be a {bound}, for example 1990-12-31",
        "pattern": lambda: f"has not the form expected here: {error.schema.get('description') or bound}",
        "required": lambda: "lacks " + ", ".join(name for name in bound if name not in error.instance),
        "additionalProperties": lambda: "has members the catalogue does not know: " + _unknown(error),
        "minProperties": lambda: "must not be empty",
    }
    return sentences.get(rule, lambda: f"breaks the rule {rule}")()


def _unknown(error: Any) -> str:
    known = error.schema["properties"]
    return ", ".join(readable(name) for name in error.instance if name not in known)


def readable(name: str) -> str:
    """A member's name as an error may show it: identifiers only, since anything else might be a value."""
    return name if _READABLE.fullmatch(name) else "(a name that is no identifier)"
