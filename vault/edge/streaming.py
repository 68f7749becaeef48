"""An answer that is sent piece by piece, for as long as somebody listens."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from litestar.response.base import ASGIResponse


class Streamed(ASGIResponse):
    """ASGI. Pieces are asked for one at a time: the next one when the last was taken, none once the caller has gone.

    ``pieces`` is closed at the end, however that comes. Whatever it raises breaks the connection off: what failed must
    be said in a piece.
    """

    def __init__(self, pieces: AsyncGenerator[bytes], *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__(status_code=200, media_type=media_type, headers=headers)
        self._pieces: Final = pieces

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [each for each in self.encoded_headers if each[0] != b"content-length"]
        gone = asyncio.create_task(_gone(receive))
        try:
            async with aclosing(self._pieces) as pieces:
                await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    await asyncio.sleep(0)  # let a disconnect be heard
                    if gone.done():
                        return
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
