"""A host of an applicant's that can be made to answer anything: TLS over plain TCP on loopback."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Reply = Callable[[str, asyncio.StreamWriter], Awaitable[None]]
"""Gets the head of the request."""


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate in files, and contexts for both ends."""

    server: ssl.SSLContext
    trusting: ssl.SSLContext


def certificate(folder: Path, *names: str, days: int = 30) -> Certificate:
    """Valid for these names; ``days`` below zero: ended."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    held = folder / f"{names[0]}-{days}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    held.write_bytes(private + public)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(held)
    trusting = ssl.create_default_context(cadata=public.decode())
    return Certificate(server, trusting)


def page(body: bytes, status: str = "200 OK", *extra: str) -> bytes:
    """A whole answer."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *extra, "", ""]
    return "\r\n".join(head).encode() + body


def saying(content: bytes) -> Reply:
    """A host that always answers this."""

    async def reply(_head: str, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return reply


@asynccontextmanager
async def listening(held: Certificate, reply: Reply, asked: list[str]) -> AsyncIterator[int]:
    """Serve on a free loopback port; ``asked`` receives the heads of requests. Gives the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(head)
            await reply(head, writer)
            await writer.drain()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=held.server)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
