"""The floors: what the database and the cryptography alone would allow on this machine, in the same run."""

import asyncio
import os
import time
from typing import Any

import asyncpg

from vault.crypto.canonical import canonical
from vault.crypto.sealing import aead, mac, new_box_pair, new_key, open_aead, seal, unseal
from vault.crypto.signing import SigningKey, is_signed, new_signing_seed

ROW = 600
"""Bytes: about what a release's draft has."""
SECTIONS = 2
TAGS = 8


async def durable_inserts(admin_url: str, connections: int, seconds: float) -> float:
    """Rows per second of one short row per transaction, flushed, over so many connections."""
    control = await asyncpg.connect(admin_url)
    await control.execute("CREATE TABLE IF NOT EXISTS bench_floor (id uuid PRIMARY KEY, body bytea NOT NULL)")
    clients = [await asyncpg.connect(admin_url) for _ in range(connections)]
    body, rows, until = os.urandom(ROW), 0, time.perf_counter() + seconds

    async def insert(client: Any) -> None:
        nonlocal rows
        statement = await client.prepare("INSERT INTO bench_floor VALUES (gen_random_uuid(), $1)")
        while time.perf_counter() < until:
            await statement.fetch(body)
            rows += 1

    began = time.perf_counter()
    await asyncio.gather(*(insert(client) for client in clients))
    rate = rows / (time.perf_counter() - began)
    for client in clients:
        await client.close()
    await control.execute("DROP TABLE bench_floor")
    await control.close()
    return rate


def crypto(seconds: float = 2.0) -> float:
    """Releases per second of one core that did nothing but the cryptography of one general release.

    Three kinds of signatures (token, proof, one per section), the shares of token, grant and person's ledger key,
    sealed section keys, the sections, a tag window, commitments and six row MACs.
    """
    release = _Sample()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        release.once()
        done += 1
    return done / (time.perf_counter() - began)


def token_crypto(seconds: float = 2.0) -> float:
    """Refreshes per second of one core that did nothing but verify an assertion and a proof and sign a token."""
    signer = SigningKey(new_signing_seed())
    public, key, row = signer.public, new_key(), {f"column_{n}": "x" * 24 for n in range(12)}
    signed = [(message, signer.sign(message)) for message in (os.urandom(350), os.urandom(350))]
    share = aead(key, os.urandom(64), b"place of this")
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for message, signature in signed:
            assert is_signed(public, message, signature)
        signer.sign(os.urandom(900))
        open_aead(key, share, b"place of this")
        for _ in range(6):  # client, requester, declaration, permit, refresh token, grant
            mac(key, canonical(row))
        done += 1
    return done / (time.perf_counter() - began)


class _Sample:
    """Keys and messages of the usual sizes."""

    def __init__(self) -> None:
        signer = SigningKey(new_signing_seed())
        self.public = signer.public
        self.signed = [(m, signer.sign(m)) for m in (os.urandom(n) for n in (900, 350, *[400] * SECTIONS))]
        self.key, self.ad = new_key(), b"place of this"
        self.box_public, self.box_secret = new_box_pair()
        self.wrap, self.share, self.subject = (aead(self.key, os.urandom(n), self.ad) for n in (32, 48, 32))
        self.sealed = [seal(self.box_public, os.urandom(64)) for _ in range(SECTIONS)]
        self.sections = [aead(self.key, os.urandom(400), self.ad) for _ in range(SECTIONS)]
        self.row: dict[str, Any] = {f"column_{n}": "x" * 24 for n in range(16)}

    def once(self) -> None:
        """The cryptography of one release."""
        for message, signature in self.signed:
            assert is_signed(self.public, message, signature)
        for blob in (self.share, self.wrap, self.subject, *self.sections):
            open_aead(self.key, blob, self.ad)
        for sealed in self.sealed:
            unseal(self.box_secret, sealed, self.box_public)
        for number in range(TAGS + 4):
            mac(self.key, b"tag", number.to_bytes(8))
        for _ in range(2):  # person and grant; the register's rows are remembered
            mac(self.key, canonical(self.row))
