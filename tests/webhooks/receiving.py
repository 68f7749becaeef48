"""A requester's receiver as an integrator would write it: knows the documentation and the published keys, and nothing
of the vault's code."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Forged(Exception):
    """The message is not to be believed."""


@dataclass(frozen=True)
class Message:
    """A request as it came in. Header names in lower case; ``url`` as the receiver knows itself."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Verifier:
    """RFC 9421 section 3.2 for these messages, and what each was about. ``seen``: ids of events taken before."""

    jwks: dict[str, Any]
    seen: set[str] = field(default_factory=set)

    def event(self, message: Message, now: datetime) -> dict[str, Any]:
        """The event; Forged when anything does not fit, also when it came before."""
        given = re.fullmatch(r'pivault=(\(("[a-z@-]+" ?)+\)(;.*))', message.headers.get("signature-input", ""))
        if given is None:
            raise Forged("no signature input")
        params, covered = given.group(1), re.findall(r'"([a-z@-]+)"', given.group(1).partition(")")[0])
        if not {"@method", "@target-uri", "content-digest"} <= set(covered):
            raise Forged("covers too little")
        created, expires = (int(re.findall(rf";{name}=(\d+)", params)[0]) for name in ("created", "expires"))
        if not created - 60 <= now.timestamp() < expires:
            raise Forged("not of now")
        values = {"@method": message.method, "@target-uri": message.url, **message.headers}
        lines = [f'"{name}": {values[name]}' for name in covered] + [f'"@signature-params": {params}']
        self._check_signature(params, "\n".join(lines).encode(), message.headers["signature"])
        digest = base64.b64encode(hashlib.sha256(message.body).digest()).decode()
        if message.headers["content-digest"] != f"sha-256=:{digest}:":
            raise Forged("another body")
        event: dict[str, Any] = json.loads(message.body)
        if event["id"] in self.seen:
            raise Forged("seen before")
        self.seen.add(event["id"])
        return event

    def _check_signature(self, params: str, base: bytes, header: str) -> None:
        kid = re.findall(r';keyid="([^"]+)"', params)[0]
        (key,) = (each for each in self.jwks["keys"] if each["kid"] == kid)
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
        signature = base64.b64decode(header.removeprefix("pivault=:").removesuffix(":"), validate=True)
        try:
            public.verify(signature, base)
        except InvalidSignature:
            raise Forged("signature") from None


@dataclass
class Receiver:
    """A receiver on loopback that answers what it is told to; with ``hangs``, nothing at all."""

    url: str = ""
    status: str = "204 No Content"
    extra: str = ""
    hangs: bool = False
    floods: bool = False
    came: asyncio.Event = field(default_factory=asyncio.Event)
    messages: list[Message] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.messages.append(Message(method, f"http://{headers['host']}{target}", headers, body))
        self.came.set()
        if self.floods:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with suppress(ConnectionError):
                while not writer.is_closing():
                    writer.write(b"a" * 65536)
                    await writer.drain()
        elif self.hangs:
            await reader.read()  # until the sender gives up
        else:
            answer = f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n{self.extra}\r\n"
            writer.write(answer.encode())
        writer.close()


@asynccontextmanager
async def receiving(**how: Any) -> AsyncIterator[Receiver]:
    """A receiver, as long as the block lasts."""
    made = Receiver(**how)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/events"
    try:
        yield made
    finally:
        server.close()
