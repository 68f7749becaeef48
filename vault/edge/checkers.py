"""What vetting reaches out with, as the settings say: for the requests and for the worker alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from vault.clock import Clock
from vault.crypto.canonical import unb64
from vault.errors import BadConfiguration
from vault.settings import Settings
from vault.vetting.authorities import HttpRegisters, NoRegisters
from vault.vetting.examining import Checker
from vault.vetting.fetching import HttpsFetcher


@asynccontextmanager
async def configured_checker(settings: Settings, clock: Clock) -> AsyncIterator[Checker]:
    """What vetting looks at applicants with: the registers that the settings name, and the way to their pages."""
    if not settings.registers_url:
        yield Checker(NoRegisters(), HttpsFetcher())
        return
    try:
        public = unb64(settings.registers_key or "")
    except ValueError:
        raise BadConfiguration("registers_key must be an Ed25519 public key: 32 bytes, base64url.") from None
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Checker(HttpRegisters(settings.registers_url, public, client, clock=clock), HttpsFetcher())
