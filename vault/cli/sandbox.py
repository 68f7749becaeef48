"""``pivault sandbox``: the kit of a client's sandbox, written into a folder."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import msgspec

from vault import ids
from vault import settings as configuration
from vault.cli.doors import with_database
from vault.cli.options import data_option, database_option, plainly
from vault.crypto.keyfile import write_private
from vault.db import Database
from vault.errors import BadConfiguration
from vault.ledger.events import REGISTRY
from vault.sandbox.kit import NEXT, Kit, Wanted, make_kit
from vault.sandbox.persons import MOST, fresh_login
from vault.signin import Doorway


@click.command()
@click.option("--client", required=True, metavar="ID", help="A client, or its sandbox (cli_…).")
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="The kit's folder; it is made."
)
@click.option(
    "--persons", type=click.IntRange(0, MOST), default=1, show_default=True, help="How many new test persons."
)
@click.option("--replace", type=click.IntRange(1, MOST), help="Whose place the new test person takes.")
@click.option(
    "--client-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your client's private JWK, to be put into client.json; it goes nowhere else.",
)
@data_option
@database_option
@plainly
def sandbox(output: Path, data: Path | None, database_url: str | None, **given: Any) -> None:
    """Write a kit for trying a client with test persons: addresses, ids, sign-ins.

    The files have the names and shapes that the programs in examples/ read. Passwords are in them and nowhere else.

    \b
    Example: pivault sandbox --client cli_0190... --output kit/ --client-key bank.jwk.json
    """
    settings = configuration.load(data=data, database_url=database_url)
    key = _private_key(given["client_key"])
    wanted = Wanted(ids.parse(ids.CLIENT, given["client"]), replaces=given["replace"])

    async def act(database: Database, door: Doorway) -> Kit:
        logins = [await fresh_login(door) for _ in range(given["persons"])]
        return await database.run(make_kit, wanted, logins, by=REGISTRY)

    kit = asyncio.run(with_database(settings, act))
    files = kit.files(settings.issuer_url)
    files["client.json"]["client_key"] = key
    _write(output, files)
    click.echo(f"Wrote {', '.join(sorted(files))} into {output}.")
    for number, step in enumerate(NEXT[1:] if key else NEXT, 1):
        click.echo(f"{number}. {step}")


def _private_key(file: Path | None) -> dict[str, Any] | None:
    if file is None:
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise BadConfiguration(f"{file} is not a JSON Web Key.") from None


def _write(folder: Path, files: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        write_private(folder / name, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
