"""How an operation may refuse, derived from what it takes: no handler says that its body may be too large. Pure."""

from http import HTTPStatus
from typing import Any, Final

from vault.edge.problems import PROBLEM_JSON

_ADVICE: Final = {
    400: "The request cannot be read.",
    401: "Nobody, or nobody we know, is asking.",
    403: "The caller is known and may not do this, or the form token is missing.",
    404: "Absent, or not the caller's to see: the two look the same.",
    406: "Not in this format; `formats` names those there are.",
    409: "The state has moved on.",
    412: "It was changed since it was loaded.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "Well-formed, but it breaks a rule; `errors` names the fields.",
    428: "Say which version is being changed.",
    429: "Too many attempts.",
    503: "Not available just now; nothing was done unless the detail says so.",
}
_HEADERS: Final = {
    401: ("WWW-Authenticate", {"type": "string"}),
    429: ("Retry-After", {"type": "integer", "minimum": 0, "description": "Seconds."}),
    503: ("Retry-After", {"type": "integer", "minimum": 0, "description": "Seconds."}),
}
"""Headers that come with a status, always."""


def refusals(path: str, method: str, operation: dict[str, Any], more: tuple[int, ...]) -> dict[str, Any]:
    """The refusals of an operation by status. ``more``: those that only its handler knows of."""
    is_back_channel = path.startswith("/oauth/")
    statuses = {400, 503, *more} | (_of_back_channel(operation) if is_back_channel else _of_its_parts(operation))
    if method != "get" and "{" in path and not is_back_channel:  # what is changed has a state of its own
        statuses.add(409)
    return {str(status): _refusal(status, is_back_channel) for status in sorted(statuses)}


def _of_its_parts(operation: dict[str, Any]) -> set[int]:
    places = {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    found = {404} if any(place == "path" for place, _ in places) else set()
    if operation.get("security"):
        found |= {401, 403}
    if ("header", "Application-Token") in places:
        found.add(401)
    if ("header", "X-CSRF-Token") in places:
        found.add(403)
    if "requestBody" in operation:
        found |= {413, 415, 422}
    if any(place == "query" for place, _ in places):
        found.add(422)
    return found


def _of_back_channel(operation: dict[str, Any]) -> set[int]:
    takes = operation.get("requestBody", {}).get("content", {})
    return ({401, 413} if takes else set()) | ({415} if "application/json" in takes else set())


def _refusal(status: int, is_back_channel: bool) -> dict[str, Any]:
    kind, media = ("OAuthFailure", "application/json") if is_back_channel else ("Problem", PROBLEM_JSON)
    made: dict[str, Any] = {
        "description": _ADVICE.get(status, HTTPStatus(status).phrase),
        "content": {media: {"schema": {"$ref": f"#/components/schemas/{kind}"}}},
    }
    if status in _HEADERS and not (is_back_channel and status == 401):  # clients authenticate in the body there
        name, schema = _HEADERS[status]
        made["headers"] = {name: {"required": True, "schema": schema}}
    return made
