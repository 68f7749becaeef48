"""The examples in the document are what it describes. (They are recorded: ``python -m tests.contract.examples``.)"""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.contract.asking import DOCUMENT

OPERATIONS = [
    pytest.param(operation, id=operation["operationId"])
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
]


def _contents(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for answer in operation["responses"].values():
        yield from answer.get("content", {}).values()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_examples_fit_their_schemas(operation: dict[str, Any]) -> None:
    """What was really sent and answered is what the schemas say."""
    for content in _contents(operation):
        if "example" in content:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(schema).validate(content["example"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_body_has_an_example(operation: dict[str, Any]) -> None:
    """Whoever writes a client can copy one. (Documents are sent as they are.)"""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        assert "example" in content or "json" not in media, "run: python -m tests.contract.examples"
