"""A source that can be made to answer anything: a plain TCP server that speaks just enough HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from vault.crypto.jws import sign_jws
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.proofing.source import ANSWER_TYPE, Claims, Question

Reply = Callable[["Liar", Question, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Liar:
    """The right key, another key, the time it believes it is; what it was asked."""

    now: datetime
    key: SigningKey = field(default_factory=lambda: SigningKey(new_signing_seed()))
    asked: list[Question] = field(default_factory=list)

    def claims(self, question: Question, **changes: object) -> Claims:
        """True claims, but for the changes."""
        true = Claims("liar", int(self.now.timestamp()), question.nonce, True, "checked", question.subject_digest())
        return msgspec.structs.replace(true, **changes)

    def token(self, claims: object, *, key: SigningKey | None = None, typ: str = ANSWER_TYPE) -> bytes:
        """The claims as a token."""
        return sign_jws((key or self.key).sign, {"typ": typ}, msgspec.json.encode(claims)).encode()


def http(body: bytes, status: str = "200 OK", *extra: str) -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *extra, "", ""]
    return "\r\n".join(head).encode() + body


@asynccontextmanager
async def listening(liar: Liar, reply: Reply) -> AsyncIterator[str]:
    """Serve on a free loopback port; gives the address."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split()[0])
        question = msgspec.json.decode(await reader.readexactly(length), type=Question)
        liar.asked.append(question)
        try:
            await reply(liar, question, writer)
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
