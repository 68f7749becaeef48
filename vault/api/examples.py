"""Examples in the document: recorded from a real installation by ``python -m tests.contract.examples``."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).with_name("examples.json")


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def exemplify(operation: dict[str, Any]) -> None:
    """Put what was recorded of an operation beside the schemas of its request and its answers."""
    recorded = _recorded().get(operation["operationId"], {})
    if "request" in recorded:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            content["example"] = recorded["request"]
    for status, answer in recorded.get("answer", {}).items():
        content = operation["responses"].get(status, {}).get("content", {})
        if "application/json" in content:
            content["application/json"]["example"] = answer
