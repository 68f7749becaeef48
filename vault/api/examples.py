"""Examples in the document: recorded from a real installation by ``python -m tests.contract.examples``."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

NDJSON: Final = "application/x-ndjson"
FILE: Final = Path(__file__).with_name("examples.json")


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def exemplify(operation: dict[str, Any]) -> None:
    """Put what was recorded of an operation beside the schemas of its request and its answers."""
    recorded = _recorded().get(operation["operationId"], {})
    if "request" in recorded:
        for media, content in operation.get("requestBody", {}).get("content", {}).items():
            content["example"] = _lines(recorded["request"]) if media == NDJSON else recorded["request"]
    for status, answer in recorded.get("answer", {}).items():
        content = operation["responses"].get(status, {}).get("content", {})
        for media in ("application/json", NDJSON):
            if media in content:
                content[media]["example"] = answer


def _lines(request: dict[str, Any]) -> str:
    """The one list of a body, a line for each member."""
    (members,) = request.values()
    return "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in members)
