"""Waiting for receipts: until something happens, and no longer than allowed."""

import asyncio
from collections.abc import Iterable

from vault.errors import Unavailable
from vault.ledger.receipt import Receipt


def too_late(futures: Iterable[asyncio.Future[Receipt]]) -> None:
    """Tell those who wait that their receipts do not come in time."""
    for future in futures:
        if not future.done():
            future.set_exception(Unavailable("The receipt has not come in time; the act itself is recorded."))


async def first(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
