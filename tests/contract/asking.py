"""How the description is read, and what counts as an answer as described."""

import copy
import json
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from vault.app import openapi_document

DOCUMENT: Final[dict[str, Any]] = json.loads(openapi_document())
BEYOND_SCHEMAS: Final = {
    "POST /v1/registrations": "check characters, numbers that belong to a name, passwords that are easy to guess",
    "POST /v1/password": "passwords that are easy to guess",
    "POST /v1/applications": "check characters, keys, redirect URIs, items and forms of the catalogue",
    "PUT /v1/me/sections/{section}": "each section's own schema stands in the catalogue",
    "GET /v1/ledger/consistency": "no size beyond the tree's",
    "POST /v1/releases/batch": "the digest of the body, and that no token stands in it twice",
    "POST /oauth/par": "redirect URIs, items and forms of the client's own declaration",
    "POST /oauth/bc-authorize": "the person's code, items and forms of the client's own declaration",
    "POST /oauth/token": "which fields belong to which grant type, and codes and tokens that exist",
    "POST /oauth/register": "a software statement that the registry signed",
}
"""Operations with rules that no JSON Schema can say: what fits the schema may still be refused by 400 or 422."""
_STATE: Final = ["2xx", "3xx", "401", "403", "404", "409", "412", "428", "429"]
"""What a request that fits its description may be answered: a state or a caller in the way, but never `invalid`."""


def _operation(name: str) -> dict[str, Any]:
    method, path = name.split()
    expected = {"expected-statuses": [*_STATE, "400", "422"]}
    return {"include-path": path, "include-method": method, "checks": {"positive_data_acceptance": expected}}


CONFIG: Final = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"with-security-parameters": False, "deterministic": True},
        "checks": {
            "positive_data_acceptance": {"expected-statuses": _STATE},
            "ignored_auth": {"enabled": False},  # asked for of every operation, by every caller, in test_operations
        },
        "operations": [_operation(name) for name in BEYOND_SCHEMAS],
    }
)
SCHEMA: Final = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT), config=CONFIG)


@schemathesis.deserializer("application/json", "application/jose")
def opened(_: Any, response: schemathesis.Response) -> Any:
    """Signed answers are texts. (application/jwt comes here, too: the library takes it for a kind of JSON.)"""
    signed = {"application/jwt", "application/jose"} & set(response.headers.get("content-type", []))
    return response.content.decode() if signed else response.json()


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_: Any, value: Any) -> bytes:
    """To the library a text of lines is a text."""
    return str(value).encode(errors="replace")


THOROUGH: Final = "thorough"


def asking(examples: int) -> settings:
    """Settings of a test: so many examples, the same in every run; a hundred times as many in the thorough profile."""
    is_thorough = settings.get_current_profile_name() == THOROUGH
    return settings(
        max_examples=examples * 100 if is_thorough else examples,
        derandomize=not is_thorough,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
