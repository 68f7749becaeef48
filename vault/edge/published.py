"""How the published log stands, as both fronts say it: read from its folder, without the database."""

import asyncio
from typing import Final

from vault.clock import unix_millis
from vault.errors import VaultError
from vault.ledger.checkpoint import parse
from vault.ledger.shelf import Shelf, Status
from vault.settings import Settings

OFF, WAITING, STOPPED, WELL = "off", "waiting", "stopped", "ok"
QUIET: Final = 120_000
"""Milliseconds without a word from the publisher after which nobody is publishing."""


def state(status: Status | None) -> str:
    """One word: ``ok``, ``waiting`` for witnesses, ``stopped``, or ``off`` where nothing was ever published."""
    if status is None:
        return OFF
    if status.problem or unix_millis() - status.looked > QUIET:
        return STOPPED
    return WAITING if status.waiting else WELL


async def publishing_status(settings: Settings) -> Status | None:
    """What the publisher said last; None where nothing was ever published."""
    if settings.log_folder is None:
        return None
    return await asyncio.to_thread(Shelf(settings.log_folder).status)


async def published_size(settings: Settings) -> int:
    """How many entries the published checkpoint covers; 0 where there is none that can be read."""
    if settings.log_folder is None:
        return 0
    try:
        note = await asyncio.to_thread(Shelf(settings.log_folder).checkpoint)
        return 0 if note is None else parse(note)[0].size
    except VaultError:
        return 0
