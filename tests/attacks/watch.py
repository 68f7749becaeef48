"""Reads every answer that crosses the wire during an attack, whatever the attack itself looks at."""

import re
from collections.abc import Callable
from typing import Any

import httpx

from vault.api import is_back_channel

SECURITY = {
    "content-security-policy": "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cache-control": "",
    "x-request-id": "",
}
NOT_HTTP = {"Invalid HTTP request received.", "The headers are too long."}
"""What the server says before the application sees anything."""
_SECRET = re.compile(r"eyJ[A-Za-z0-9_-]{10}|\brt_|(access|refresh)_token=|password=|client_assertion=|session=")


class Watch:
    """Collects answers, and says which of them break a rule that holds for all."""

    def __init__(self) -> None:
        self.answers: list[httpx.Response] = []

    def follow(self, client: httpx.AsyncClient) -> None:
        """See every answer to this client."""

        async def saw(answer: httpx.Response) -> None:
            await answer.aread()
            self.answers.append(answer)

        client.event_hooks = {"response": [saw]}

    def faults(self) -> list[str]:
        """What is wrong, with the answer it is wrong with."""
        return [
            f"{answer.request.method} {answer.request.url.path} ({answer.status_code}): {fault}"
            for answer in self.answers
            for check in RULES
            if (fault := check(answer))
        ]


def _no_failure(answer: httpx.Response) -> str:
    return f"failed: {answer.text[:300]}" if answer.status_code in {500, 501, 502, 504} else ""


def _security_headers(answer: httpx.Response) -> str:
    own = {"cross-origin-opener-policy", "permissions-policy", "x-request-id"} if answer.text in NOT_HTTP else set()
    wanted = {name: word for name, word in SECURITY.items() if name not in own}
    missing = [name for name, word in wanted.items() if word not in answer.headers.get(name, "\0")]
    return f"lacks {', '.join(missing)}" if missing else ""


def _problem(answer: httpx.Response) -> str:
    """RFC 9457 or RFC 6749 section 5.2 for programs."""
    if answer.status_code < 400 or "text/html" in answer.headers.get("content-type", ""):
        return ""
    if answer.request.method == "HEAD" or answer.text in NOT_HTTP:
        return ""
    try:
        body: dict[str, Any] = answer.json()
    except ValueError:
        return "is not JSON"
    if is_back_channel(answer.request.url.path):
        return (
            "" if set(body) <= {"error", "error_description", "error_uri", "items"} else f"has members {sorted(body)}"
        )
    if answer.headers["content-type"] != "application/problem+json":
        return f"is of the type {answer.headers['content-type']}"
    told = {name: body.get(name) for name in ("status", "request_id")}
    if told != {"status": answer.status_code, "request_id": answer.headers["x-request-id"]}:
        return "says another status or request id than its header"
    return "" if re.fullmatch(r"http://127\.0\.0\.1:\d+/problems/[a-z-]+", body["type"]) else f"has type {body['type']}"


def _no_secret_in_addresses(answer: httpx.Response) -> str:
    for where in (str(answer.request.url), answer.headers.get("location", "")):
        # A code is the one thing that travels in an address (RFC 6749 section 4.1.2); its letters are random.
        if _SECRET.search(re.sub(r"([?&]code=)[A-Za-z0-9_-]+", r"\1", where)):
            return f"the address {where[:60]} holds a secret"
    return ""


RULES: tuple[Callable[[httpx.Response], str], ...] = (
    _no_failure,
    _security_headers,
    _problem,
    _no_secret_in_addresses,
)
