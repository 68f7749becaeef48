"""``pivault ledger partitions …`` and ``ledger redact``: what an operator does with the old parts of the log."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import click

from vault import settings as configuration
from vault.cli.ledger_offline import COPY, trusting
from vault.cli.options import data_option, database_option, plainly
from vault.cli.runtime import Runtime, installation
from vault.clock import SystemClock
from vault.db import LEDGER, OWNER
from vault.errors import NotFound, Unavailable
from vault.ledger import archiving, restoring
from vault.ledger.checkpoint import LogKey, log_keys, ring_signer
from vault.ledger.copies import FolderSink, ZipSink, open_copy
from vault.ledger.partitions import Partition, listed
from vault.ledger.redaction import announce, remove
from vault.ledger.sequencer import Sequencer
from vault.ledger.whole import Trust

_WAIT = 60
_first = click.argument("first", type=click.IntRange(0))


@click.group()
def partitions() -> None:
    """Archive, detach, re-verify and attach old parts of the log. Proofs of their entries stay available throughout.

    \b
    Example: pivault ledger partitions list
    """


def _keys(runtime: Runtime) -> list[LogKey]:
    return log_keys(runtime.ring, runtime.settings.origin(runtime.ring.id))


@asynccontextmanager
async def _owner(runtime: Runtime) -> AsyncIterator[Any]:
    await runtime.check_migrated()
    connection = await asyncpg.connect(runtime.admin_url)
    try:
        await connection.execute(f"SET ROLE {OWNER}")
        yield connection
    finally:
        await connection.close()


@partitions.command(name="list")
@data_option
@database_option
@plainly
def list_(data: Path | None, database_url: str | None) -> None:
    """Show every partition: its range, whether it is archived, whether it is detached.

    \b
    Example: pivault ledger partitions list
    """

    async def show(runtime: Runtime) -> list[Partition]:
        async with _owner(runtime) as connection:
            return await listed(connection)

    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        for part in asyncio.run(show(runtime)):
            archived = "no archive" if part.digest is None else f"archive {part.digest.hex()[:16]}"
            where = "here" if part.detached_at is None else f"detached {part.detached_at:%Y-%m-%d}"
            click.echo(f"{part.first:>12} to {part.until - 1:>12}  {archived:<24}  {where}")


@partitions.command()
@_first
@data_option
@database_option
@click.option("--to", "place", required=True, type=click.Path(path_type=Path), help="Folder, or file ending in .zip.")
@plainly
def archive(first: int, data: Path | None, database_url: str | None, *, place: Path) -> None:
    """Write the partition that begins at FIRST as static files, then verify them from the disk.

    \b
    Example: pivault ledger partitions archive 0 --to ledger-0.zip
    """

    async def write(runtime: Runtime) -> None:
        async with _owner(runtime) as connection:
            found = [part for part in await listed(connection) if part.first == first]
            if not found:
                raise NotFound("There is no partition that begins at this index.")
            with ZipSink(place) if place.suffix == ".zip" else FolderSink(place) as sink:
                digest = await archiving.archive(connection, sink, found[0], _keys(runtime))
            if archiving.verify_archive(open_copy(place), _keys(runtime))[3] != digest:
                raise Unavailable("What was written is not what is on the disk.")
            await archiving.settle(connection, found[0], digest)

    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        asyncio.run(write(runtime))
    click.echo(f"{place} holds the partition and was verified.")


@partitions.command(name="verify")
@click.argument("copy", type=COPY)
@trusting
def verify_(copy: Path, *, trust: Trust, as_json: bool) -> None:
    """Verify an archive by itself, without server and database: from the bytes of its entries to the signed root.

    Exit status 0: it holds; 1: it does not, and the reason is printed; 2: it could not be checked.

    \b
    Example: pivault ledger partitions verify ledger-0.zip --vkey log.vkey
    """
    manifest, signed, gone, digest = archiving.verify_archive(open_copy(copy), trust)
    told = {"holds": True, "log": signed.origin, "first": manifest.first, "until": manifest.until, "withheld": gone}
    if as_json:
        click.echo(json.dumps(told | {"digest": digest.hex()}))
    else:
        click.echo(
            f"Holds: entries {manifest.first} to {manifest.until - 1} of the log {signed.origin}, {gone} by hash."
        )


@partitions.command()
@_first
@data_option
@database_option
@plainly
def detach(first: int, data: Path | None, database_url: str | None) -> None:
    """Take the archived partition that begins at FIRST out of the log's tables. Oldest first.

    Its two tables stay, by themselves: move them to cheap storage, or drop them once the archive is safe.

    \b
    Example: pivault ledger partitions detach 0
    """

    async def take(runtime: Runtime) -> tuple[str, ...]:
        async with _owner(runtime) as connection:
            return await archiving.detach(connection, first, SystemClock().now())

    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        click.echo(f"Detached: {', '.join(asyncio.run(take(runtime)))}.")


@partitions.command()
@_first
@data_option
@database_option
@plainly
def attach(first: int, data: Path | None, database_url: str | None) -> None:
    """Put the detached partition that begins at FIRST back, after hashing every entry again. Newest first.

    \b
    Example: pivault ledger partitions attach 0
    """

    async def put(runtime: Runtime) -> int:
        async with _owner(runtime) as connection:
            return await archiving.attach(connection, first)

    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        click.echo(f"{asyncio.run(put(runtime))} entries are back, each as the tree has it.")


@partitions.command()
@_first
@data_option
@database_option
@click.option("--from", "place", required=True, type=COPY, help="The archive: a folder, or a file ending in .zip.")
@plainly
def restore(first: int, data: Path | None, database_url: str | None, *, place: Path) -> None:
    """Rebuild the detached partition that begins at FIRST from its archive, and put it back. For one that was lost.

    The archive must lead to the signed root, and each of its entries must be the one that the tree has.

    \b
    Example: pivault ledger partitions restore 0 --from ledger-0.zip
    """

    async def rebuild(runtime: Runtime) -> int:
        async with _owner(runtime) as connection:
            return await restoring.restore(connection, first, open_copy(place), _keys(runtime))

    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        click.echo(f"{asyncio.run(rebuild(runtime))} entries are back, each as the tree has it.")


@click.command()
@_first
@click.argument("count", type=click.IntRange(1))
@data_option
@database_option
@click.option("--reason", required=True, help="Why, as a code: retention-over, court-order, …")
@plainly
def redact(first: int, count: int, data: Path | None, database_url: str | None, *, reason: str) -> None:
    """Remove the bytes of COUNT entries from FIRST on, after their time. An entry of the log says so first.

    The entries keep their places, hashes, tags and numbers; nothing else in the log changes. Not before three years
    have passed since the newest of them (PIPL art. 56).

    \b
    Example: pivault ledger redact 0 100000 --reason retention-over
    """
    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        removed = asyncio.run(_redacted(runtime, first, count, reason))
    click.echo(f"The bytes of {removed} entries are removed.")


async def _redacted(runtime: Runtime, first: int, count: int, reason: str) -> int:
    await runtime.check_migrated()
    database = runtime.database()
    signer = ring_signer(runtime.ring, runtime.settings.origin(runtime.ring.id))
    connection = await database.connect(LEDGER)
    try:
        async with database.begin() as session:
            announced = await announce(session, first, count, reason=reason)
        draining = asyncio.create_task(Sequencer(database, signer).drain())  # waits where a server leads
        try:
            for _ in range(_WAIT * 10):
                if (removed := await remove(connection, announced, first, count)) is not None:
                    return removed
                await asyncio.sleep(0.1)
            raise Unavailable("The entry that announces this is not in the tree yet: run it again.")
        finally:
            draining.cancel()
            with suppress(asyncio.CancelledError):
                await draining
    finally:
        await connection.close()
        await database.close()
