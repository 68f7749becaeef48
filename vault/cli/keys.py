"""``pivault keys``: the key ring's versions."""

from pathlib import Path

import click

from vault import settings as configuration
from vault.cli.options import data_option, plainly
from vault.crypto.keyfile import KeyFile, open_or_create, passphrase_of
from vault.crypto.keyring import PURPOSES, SIGNING_PURPOSES


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
    ring = open_or_create(settings.keyring_path, settings.keyring_passphrase)
    click.echo(f"key ring {ring.id} ({settings.keyring_path})")
    for purpose in sorted(PURPOSES):
        kind = "Ed25519 signing key" if purpose in SIGNING_PURPOSES else "HMAC-SHA-256 key"
        versions = ring.versions(purpose)
        older = f", older still opening: {', '.join(map(str, versions[:-1]))}" if len(versions) > 1 else ""
        click.echo(f"  {purpose:<12} {kind:<20} newest version {versions[-1]}{older}")


@keys.command()
@click.argument("purpose", type=click.Choice(sorted(PURPOSES - {"database"})))
@data_option
@plainly
def rotate(purpose: str, data: Path | None) -> None:
    """Add a new version of one key. What the old one protects stays readable and moves over when next used.

    Restart the servers afterwards: they read the ring when they start.

    \b
    Example: pivault keys rotate token
    """
    settings = configuration.load(data=data)
    file = KeyFile(settings.keyring_path, passphrase_of(settings.keyring_path, settings.keyring_passphrase))
    click.echo(f"{purpose}: version {file.rotate(purpose)} is used for new work once the servers are restarted.")
