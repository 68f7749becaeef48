"""HTTP by hand, for what an honest client library will not send."""

import asyncio
from dataclasses import dataclass

_PIECE = 16 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer, and how many bytes of body had been taken when it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    taken: int


async def send(port: int, head: list[str], body: bytes = b"", *, chunked: bool = False, most: int = 0) -> Reply:
    """Send these header lines, then the body piece by piece until an answer comes or ``most`` bytes are gone.

    The body is repeated until ``most`` is reached. A connection that the server closes ends the sending.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(_reply(reader))
    taken = 0
    try:
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1"))
        while taken < max(most, len(body)) and not answer.done():
            piece = (body or b" ")[taken % max(1, len(body)) :][:_PIECE] if most <= len(body) else body[:_PIECE]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            taken += len(piece)
            await asyncio.sleep(0)
        if chunked and not answer.done():
            writer.write(b"0\r\n\r\n")
    except ConnectionError:
        pass
    try:
        status, headers, content = await asyncio.wait_for(answer, 20)
    finally:
        writer.close()
    return Reply(status, headers, content, taken)


async def _reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        return int(lines[0].split()[1]), headers, await reader.read(65_536)
    return int(lines[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def endless_head(port: int, *, most: int) -> tuple[int, bytes]:
    """Send headers without end. Returns how many bytes of them were taken before the server hung up, and its words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = 0
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        while taken < most and not reader.at_eof():
            writer.write(b"x" * _PIECE)
            await writer.drain()
            taken += _PIECE
            await asyncio.sleep(0)
        return taken, await reader.read()
    except ConnectionError:
        return taken, b""
    finally:
        writer.close()
