"""The description of the machine front: committed, complete, truthful."""

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tests.api.edge import Edge
from vault import api
from vault.app import openapi_document

COMMITTED = Path(__file__).parents[2] / "openapi" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(openapi_document())
WITHOUT_BODY = {
    "close_relay_address",
    "confirm_the_order",
    "create_hint",
    "create_reference",
    "order_own_deletion",
    "replay_dead_events",
    "replay_event",
    "send_test_event",
    "submit_draft",
    "withdraw_application",
}
"""Acts that say all by their address."""
OPERATIONS = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]


def test_the_committed_file_is_the_present_one() -> None:
    """Otherwise run: pivault openapi --output openapi/openapi.json"""
    assert COMMITTED.read_text() == openapi_document()


def test_every_endpoint_is_described_once() -> None:
    """Each route of the machine front, under a name of its own."""
    described = {(path, method.upper()) for path, method, _ in OPERATIONS}
    served = {
        (re.sub(r":\w+}", "}", handler_path), method)
        for router in api.routes()
        for route in router.routes
        for handler_path, method in [(route.path, each) for each in route.methods - {"OPTIONS"}]
    }
    undescribed = {"/openapi.json", "/log/checkpoint", "/log/tile/{file_path}"}
    assert served - described == {(path, "GET") for path in undescribed}
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS])
def test_refusals_are_described_as_they_are(path: str, method: str, operation: dict[str, Any]) -> None:
    """Problem documents, or OAuth's own errors under /oauth."""
    refusals = [answer for status, answer in operation["responses"].items() if status >= "4"]
    medias = {media for answer in refusals for media in answer["content"]}
    assert medias == {"application/json" if path.startswith("/oauth/") else "application/problem+json"}
    assert operation["summary"]
    if method in {"post", "put"} and not path.startswith("/oauth") and operation["operationId"] not in WITHOUT_BODY:
        assert "requestBody" in operation


def test_every_reference_leads_somewhere() -> None:
    """And every schema is JSON Schema 2020-12, as OpenAPI 3.1 asks."""
    schemas = DOCUMENT["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT))) <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_no_two_shapes_share_a_name() -> None:
    """The document knows shapes by name: of two, one would be described as the other."""
    modules = [sys.modules[name] for name in sys.modules if name.startswith("vault.api.")]
    shapes = {each for module in modules for each in vars(module).values() if isinstance(each, msgspec.StructMeta)}
    names = Counter(shape.__name__ for shape in shapes if shape.__name__ in DOCUMENT["components"]["schemas"])
    assert [name for name, count in names.items() if count > 1] == []


async def test_the_server_serves_it(edge: Edge) -> None:
    """At /openapi.json, for programs that generate clients."""
    async with edge.client() as client:
        assert (await client.get("/openapi.json")).json() == DOCUMENT


async def test_health_says_what_it_depends_on(edge: Edge) -> None:
    """Live while the process runs; ready while database, key ring and ledger can be used."""
    async with edge.client() as client:
        assert (await client.get("/health/live")).json() == {"status": "live"}
        ready = await client.get("/health/ready")
        assert ready.json() == {
            "database": "ok",
            "key_ring": "ok",
            "ledger": "ok",
            "publishing": "off",
            "status": "ready",
        }
