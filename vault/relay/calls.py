"""Calls: the registry asks the operator's gateway to connect two lines, and neither learns the other's number.

The protocol, to a gateway of a telephone operator (third-party call control, RFC 3725, behind HTTP):

    POST {gateway}/calls     Authorization: Bearer SECRET     Content-Type: application/json
    {"call": "msg_…", "caller": "+8659212345678", "callee": "+8613800130013", "shown": "sip:c-…@relay.example"}

``202``: the gateway calls ``callee`` showing ``shown``, and connects ``caller`` once they answer; the same ``call``
again is the same call. ``404``: there is no such number. Anything else, or nothing: nobody was called, try again.
The gateway learns both numbers and must keep neither; it is the operator's, as the line itself is.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
import structlog

from vault.errors import BadConfiguration, Refused
from vault.notifying import Outcome

TIMEOUT: Final = 10.0
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_log = structlog.get_logger("vault")


class LineNotRegistered(Refused):
    """A call from a line that the client has not registered: whoever it belongs to did not ask to be rung."""

    name, title = "line-not-registered", "This is no line of yours"
    advice = "Register the lines that you call from (relay_lines of the client, docs/relay.md), and name one as caller."


@dataclass(frozen=True)
class Call:
    """One call to be made. Numbers are E.164; ``id`` stays the same when it is tried again."""

    id: str
    caller: str = field(repr=False)
    callee: str = field(repr=False)
    shown: str = field(repr=False)


def line_of(lines: tuple[str, ...], caller: str | None) -> str:
    """The registered line to be connected: the one that is named, or the first. Raises LineNotRegistered."""
    if caller in lines or (caller is None and lines):
        return caller or lines[0]
    raise LineNotRegistered


class CallBridge(Protocol):
    """Something that connects two lines. It raises nothing of its own: a failure is LATER."""

    async def connect(self, call: Call) -> Outcome: ...


@dataclass(frozen=True)
class HttpCallBridge:
    """The operator's gateway over HTTP."""

    gateway: str
    secret: str = field(repr=False)

    @classmethod
    def read(cls, gateway: str, secret: str | None) -> "HttpCallBridge":
        """Raises BadConfiguration: numbers go over TLS only, but on loopback."""
        parts = urlsplit(gateway)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not is_safe or not parts.hostname or parts.username or parts.query:
            raise BadConfiguration("call_gateway must be an https address (http only on loopback).")
        if not secret:
            raise BadConfiguration("call_gateway needs call_gateway_secret.")
        return cls(gateway.rstrip("/"), secret)

    async def connect(self, call: Call) -> Outcome:
        body = {"call": call.id, "caller": call.caller, "callee": call.callee, "shown": call.shown}
        headers = {"Authorization": f"Bearer {self.secret}"}
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = await client.post(f"{self.gateway}/calls", json=body, headers=headers)
        except httpx.HTTPError as error:
            _log.warning("call_not_taken", kind=type(error).__name__, call=call.id)
            return Outcome.LATER
        if answer.status_code == 202:
            return Outcome.TAKEN
        return Outcome.NEVER if answer.status_code == 404 else Outcome.LATER
