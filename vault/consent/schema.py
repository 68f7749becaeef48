"""The JSON Schema of our type of ``authorization_details`` (RFC 9396 section 5), made from the types that parse it."""

from functools import cache
from typing import Any, Final

import msgspec

from vault.consent.terms import TYPE, Asked

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
PATH: Final = f"/schemas/{TYPE}.json"
_DEFS: Final = "#/$defs/{name}"


@cache
def schema(issuer: str) -> dict[str, Any]:
    """The schema (2020-12) under its public address. Items and forms are those of ``/v1/catalogue``; that an item is
    named once is checked beyond what a schema can say."""
    (root,), definitions = msgspec.json.schema_components([Asked], ref_template=_DEFS)
    named = root["$ref"].rpartition("/")[2]
    body = definitions.pop(named)
    return {
        "$schema": DIALECT,
        "$id": f"{issuer}{PATH}",
        **body,
        "title": TYPE,
        "description": "What a requester asks a person to allow: items in forms, for how long, how often.",
        "$defs": _ended(definitions),
    } | {"properties": _ended(body["properties"])}


def _ended(value: Any) -> Any:
    r"""Patterns end in ``$`` in the dialect of JSON Schema (ECMA-262), where Python writes ``\Z``."""
    if isinstance(value, dict):
        return {name: _ended(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_ended(inner) for inner in value]
    return value[:-2] + "$" if isinstance(value, str) and value.endswith("\\Z") else value
