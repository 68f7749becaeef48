"""``pivault resource-server``: servers that may ask how tokens stand, let in and ended by two officers."""

from pathlib import Path
from typing import Any, Final

import click
import msgspec

from vault import ids
from vault.authserver.resource_servers import Described, add, end
from vault.cli.options import data_option, database_option, plainly
from vault.cli.staff import run_with_door, sponsored
from vault.db import Database
from vault.errors import BadConfiguration
from vault.signin import Doorway

_SPONSOR: Final = click.option(
    "--sponsor", "sponsors", required=True, multiple=True, metavar="LOGIN", help="A vetting officer; give it twice."
)


@click.group(name="resource-server")
def resource_server() -> None:
    """Let servers ask how access tokens stand (introspection), and end that.

    \b
    Example: pivault resource-server add --name "Gateway" --audience https://vault.example/v1 \\
               --jwks gateway.jwks.json --sponsor officer-1.demo --sponsor officer-2.demo
    """


@resource_server.command(name="add")
@click.option("--name", required=True, help="What people call it.")
@click.option("--audience", required=True, metavar="URL", help="The aud of the tokens it may ask about.")
@click.option(
    "--jwks",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Its public keys (RFC 7517).",
)
@_SPONSOR
@data_option
@database_option
@plainly
def add_(file: Path, sponsors: tuple[str, ...], data: Path | None, database_url: str | None, **given: Any) -> None:
    """Let a server in; two vetting officers of different units each type their password.

    \b
    Example: pivault resource-server add --name "Gateway" --audience https://vault.example/v1 \\
               --jwks gateway.jwks.json --sponsor officer-1.demo --sponsor officer-2.demo
    """
    try:
        jwks = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{file} is not a JSON Web Key Set: {error}.") from None
    words = passwords(sponsors)

    async def act(database: Database, door: Doorway) -> str:
        by = await sponsored(database, door, words)
        made = await database.run(add, Described(jwks=jwks, **given), by=by)
        return f"Added {ids.public(ids.RESOURCE_SERVER, made)}: it authenticates by private_key_jwt under this id."

    click.echo(run_with_door(data, database_url, act))


@resource_server.command(name="end")
@click.argument("server", metavar="ID")
@_SPONSOR
@data_option
@database_option
@plainly
def end_(server: str, sponsors: tuple[str, ...], data: Path | None, database_url: str | None) -> None:
    """From now on it may ask nothing; two vetting officers of different units each type their password.

    \b
    Example: pivault resource-server end rsv_0190... --sponsor officer-1.demo --sponsor officer-2.demo
    """
    words = passwords(sponsors)

    async def act(database: Database, door: Doorway) -> str:
        by = await sponsored(database, door, words)
        await database.run(end, ids.parse(ids.RESOURCE_SERVER, server), by=by)
        return f"Ended {server}."

    click.echo(run_with_door(data, database_url, act))


def passwords(sponsors: tuple[str, ...]) -> dict[str, str]:
    """Login to password, typed. Raises BadConfiguration unless two different ones are named."""
    if len(sponsors) != 2 or len(set(sponsors)) != 2:
        raise BadConfiguration("Name two different sponsors: --sponsor LOGIN --sponsor LOGIN.")
    return {login: click.prompt(f"Password of {login}", hide_input=True) for login in sponsors}
