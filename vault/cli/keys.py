"""``pivault keys``: the key ring's versions."""

import asyncio
from pathlib import Path
from typing import Final

import click

from vault import schema
from vault import settings as configuration
from vault.cli.doors import with_database
from vault.cli.leftover import left
from vault.cli.options import data_option, database_option, plainly
from vault.cli.runtime import installation, key_file
from vault.crypto.keyfile import open_or_create
from vault.crypto.keyring import AHEAD, ES256_PURPOSES, MAC_PURPOSES, MLDSA44_PURPOSES, PURPOSES, SIGNING_PURPOSES
from vault.db import Database
from vault.ledger.events import REGISTRY, Event
from vault.ledger.log import append
from vault.signin import Doorway

ROTATABLE: Final = PURPOSES - {"database", "ledger", "ledger-mldsa44", "pairwise"}


@click.group()
def keys() -> None:
    """List and rotate the keys of the ring.

    \b
    Example: pivault keys list
    """


@keys.command(name="list")
@data_option
@plainly
def list_(data: Path | None) -> None:
    """Show every purpose with its versions; never a secret.

    \b
    Example: pivault keys list
    """
    settings = configuration.load(data=data)
    ring, _ = open_or_create(settings.keyring_path, settings.keyring_passphrase)
    click.echo(f"key ring {ring.id} ({settings.keyring_path})")
    for purpose in sorted(PURPOSES):
        kind = "HMAC-SHA-256 key" if purpose in MAC_PURPOSES else "signing key, "
        if purpose in SIGNING_PURPOSES:
            kind += "ES256" if purpose in ES256_PURPOSES else "ML-DSA-44" if purpose in MLDSA44_PURPOSES else "Ed25519"
        versions = ring.versions(purpose)
        older = f", older still opening: {', '.join(map(str, versions[:-1]))}" if len(versions) > 1 else ""
        coming = f", version {ring.coming(purpose)[-1]} is used soon" if ring.coming(purpose) else ""
        click.echo(f"  {purpose:<20} {kind:<20} version {versions[-1]} in use{older}{coming}")


@keys.command(name="left")
@data_option
@database_option
@plainly
def left_(data: Path | None, database_url: str | None) -> None:
    """Count what still rests on older versions. It moves over when it is next used: at a sign-in, at a change.

    An old version may be taken out of the ring only when nothing rests on it any more.

    \b
    Example: pivault keys left
    """
    with installation(configuration.load(data=data, database_url=database_url)) as runtime:
        asyncio.run(runtime.check_migrated())
        schema.metadata()
        counts = asyncio.run(left(runtime.admin_url, runtime.ring))
    for (purpose, table), count in sorted(counts.items()):
        click.echo(f"{purpose:<12} {table:<20} {count}")
    click.echo(f"{sum(counts.values())} rows under older versions." if counts else "Nothing: all under the newest.")


@keys.command()
@click.argument("purposes", nargs=-1, required=True, type=click.Choice(sorted(ROTATABLE)))
@data_option
@database_option
@click.option("--now", "at_once", is_flag=True, help="Use it at once, for servers that are stopped.")
@plainly
def rotate(purposes: tuple[str, ...], data: Path | None, database_url: str | None, *, at_once: bool) -> None:
    """Add a new version of each of these keys and record it in the ledger.

    Running servers take it in within seconds, without a restart; where servers have files of their own, copy the
    file to each of them. It is used for new work ten minutes later, when every server knows it and every client has
    fetched the keys that are published. What the old version protects stays readable and moves over when it is next
    used; an old signing key stays published for a day. The key of form tokens is used from the next restart on.

    Some keys do not rotate: the ledger's two (their public halves are the log's name to the outside; new ones begin a
    new log), the one behind pairwise identifiers (requesters know people by them), and the one behind the database
    logins.

    \b
    Example: pivault keys rotate token
    """
    settings = configuration.load(data=data, database_url=database_url)
    file = key_file(settings)

    async def act(database: Database, _door: Doorway) -> None:
        for purpose in dict.fromkeys(purposes):
            version = file.load().newest(purpose) + 1
            # The entry first: one too many is better than a key nobody recorded.
            await database.run(append, Event(name="key.rotated", actor=REGISTRY, key=purpose, count=version))
            when = "now" if at_once else f"in {AHEAD.total_seconds() / 60:.0f} minutes"
            click.echo(f"{purpose}: version {file.rotate(purpose, at_once=at_once)} is used for new work {when}.")

    asyncio.run(with_database(settings, act))
