"""``pivault ledger status`` and ``pivault ledger auditor``: how publishing stands, and who may read entries."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from vault import ids
from vault import settings as configuration
from vault.cli.options import data_option, database_option, plainly
from vault.cli.resource_servers import passwords
from vault.cli.staff import run_with_door, sponsored
from vault.clock import from_millis, unix_millis
from vault.crypto.canonical import unb64
from vault.db import Database
from vault.edge.published import QUIET
from vault.errors import BadConfiguration
from vault.ledger.shelf import Shelf, Status
from vault.signin import Doorway
from vault.witness.auditors import add, end

_SPONSOR: Final = click.option(
    "--sponsor", "sponsors", required=True, multiple=True, metavar="LOGIN", help="A vetting officer; give it twice."
)


@click.command()
@data_option
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
@plainly
def status(data: Path | None, *, as_json: bool) -> None:
    """Say what is published, what is waiting for whom, and what is wrong.

    Exit status 0: publishing goes on; 1: it does not, or waits for witnesses. Reads the folder of the published log
    and nothing else.

    \b
    Example: pivault ledger status
    """
    settings = configuration.load(data=data)
    assert settings.log_folder is not None
    found = Shelf(settings.log_folder).status()
    if found is None:
        raise BadConfiguration(f"Nothing has been published into {settings.log_folder} yet.")
    is_well = not problem_of(found)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(found) | {"well": is_well}))
    else:
        click.echo(told(found))
    sys.exit(0 if is_well else 1)


def problem_of(found: Status) -> str:
    """Why publishing does not go on; empty where it does."""
    if found.problem:
        return f"nothing is published: {found.problem}"
    if found.waiting:
        return "the checkpoint waits for a quorum of witnesses"
    return "nobody is publishing" if unix_millis() - found.looked > QUIET else ""


def told(found: Status) -> str:
    """A status in a few lines."""
    lines = [f"published  {found.size} entries, {from_millis(found.at).isoformat(timespec='seconds')}"]
    if found.reached > found.size:
        lines.append(f"written    {found.reached} entries, not yet shown")
    for each in found.witnesses:
        state = each.problem or f"cosigned {each.size} entries, {from_millis(each.at).isoformat(timespec='seconds')}"
        lines.append(f"witness    {each.name}: {state}")
    problem = problem_of(found)
    return "\n".join([*lines, f"problem    {problem}" if problem else "well"])


@click.group()
def auditor() -> None:
    """Let outside auditors and mirrors read what entries say, and end that.

    \b
    Example: pivault ledger auditor add "Audit Office" --key EQIDBA... \\
               --sponsor officer-1.demo --sponsor officer-2.demo
    """


@auditor.command(name="add")
@click.argument("name")
@click.option("--key", required=True, metavar="KEY", help="Its Ed25519 public key, as `pivault mirror init` prints it.")
@_SPONSOR
@data_option
@database_option
@plainly
def add_(name: str, key: str, sponsors: tuple[str, ...], **place: Any) -> None:
    """Let an auditor in; two vetting officers of different units each type their password.

    \b
    Example: pivault ledger auditor add "Audit Office" --key EQIDBA... \\
               --sponsor officer-1.demo --sponsor officer-2.demo
    """
    try:
        public = unb64(key)
    except ValueError:
        raise BadConfiguration("--key must be an Ed25519 public key: 32 bytes, base64url.") from None
    words = passwords(sponsors)

    async def act(database: Database, door: Doorway) -> str:
        made = await database.run(add, name, public, by=await sponsored(database, door, words))
        return f"Added {ids.public(ids.AUDITOR, made)}: pivault mirror run --auditor {ids.public(ids.AUDITOR, made)}"

    click.echo(run_with_door(place["data"], place["database_url"], act))


@auditor.command(name="end")
@click.argument("who", metavar="ID")
@_SPONSOR
@data_option
@database_option
@plainly
def end_(who: str, sponsors: tuple[str, ...], data: Path | None, database_url: str | None) -> None:
    """From now on it reads nothing; two vetting officers of different units each type their password.

    \b
    Example: pivault ledger auditor end aud_0190... --sponsor officer-1.demo --sponsor officer-2.demo
    """
    words = passwords(sponsors)

    async def act(database: Database, door: Doorway) -> str:
        await database.run(end, ids.parse(ids.AUDITOR, who), by=await sponsored(database, door, words))
        return f"Ended {who}."

    click.echo(run_with_door(data, database_url, act))
