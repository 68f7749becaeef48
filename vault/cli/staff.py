"""``pivault officer`` and ``pivault regulator``: the founding ceremony, and new members with two sponsors."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from vault import ids
from vault import settings as configuration
from vault.cli.doors import with_database
from vault.cli.options import data_option, database_option, plainly
from vault.db import Database
from vault.errors import BadConfiguration
from vault.registry.founding import Founder, add_officer, add_regulator, found
from vault.signin import Attempt, Doorway, Holder, prepare, sign_in

OFFICER_ROLES = ("vetting", "release", "recovery-registry")
REGULATOR_ROLES = ("oversight", "recovery-supervisor")


class _Person(msgspec.Struct, forbid_unknown_fields=True):
    """One founder in a founding file."""

    realm: str
    name: str
    organisation: str
    unit: str
    roles: list[str]
    login: str


@dataclass(frozen=True)
class _Candidate:
    realm: str
    name: str
    organisation: str
    unit: str
    roles: list[str]
    login: str


@click.group()
def officer() -> None:
    """Found the registry, add officers.

    \b
    Example: pivault officer add --name "Zhou Min" --unit "Release desk" --role release \\
               --login zhou.min --sponsor officer-1.demo --sponsor officer-2.demo
    """


@click.group()
def regulator() -> None:
    """Add members of the supervisory authority.

    \b
    Example: pivault regulator add --name "Wei Lan" --unit Supervision --login wei.lan \\
               --sponsor officer-1.demo --sponsor officer-2.demo
    """


@officer.command(name="found")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@database_option
@plainly
def found_(file: Path, data: Path | None, database_url: str | None) -> None:
    """Hold the founding ceremony: the first officers and regulators, from a JSON list.

    Each founder types a password of their own. The ledger's first entries record them. Works once per database.

    \b
    Example: pivault officer found founders.json
    Each member of the list: {"realm": "officer" or "regulator", "name", "organisation", "unit", "roles", "login"}
    """
    try:
        people = msgspec.json.decode(file.read_bytes(), type=list[_Person])
    except msgspec.MsgspecError as error:
        raise BadConfiguration(f"{file} is not a list of founders: {error}.") from None
    candidates = [_Candidate(**msgspec.structs.asdict(person)) for person in people]
    passwords = [_new_password(candidate.login) for candidate in candidates]

    async def act(database: Database, door: Doorway) -> str:
        founders = [await _founder(door, c, p) for c, p in zip(candidates, passwords, strict=True)]
        made = await database.run(found, founders)
        return f"Founded with {len(made)} members."

    click.echo(run_with_door(data, database_url, act))


def _adding(group: click.Group, realm: str, roles: tuple[str, ...]) -> None:
    prefix, article = (ids.STAFF, "an officer") if realm == "officer" else (ids.REGULATOR, "a regulator")
    organisation = "Registry" if realm == "officer" else "Supervisory Authority"

    @group.command(
        name="add",
        help=f"Add {article}, sponsored by two different officers who each type their password.\n\n"
        "\b\n"
        f'Example: pivault {realm} add --name "Zhou Min" --unit Desk --login zhou.min \\\n'
        "           --sponsor officer-1.demo --sponsor officer-2.demo",
    )
    @click.option("--name", required=True, help="Full name.")
    @click.option("--organisation", default=organisation, show_default=True, help="Officers and regulators differ.")
    @click.option("--unit", required=True, help="Unit within the organisation.")
    @click.option(
        "--role",
        "held",
        type=click.Choice(roles),
        multiple=True,
        default=roles[:1],
        show_default=True,
        help="Repeatable.",
    )
    @click.option("--login", required=True, help="Login name; the password is asked for.")
    @click.option("--sponsor", "sponsors", required=True, multiple=True, metavar="LOGIN", help="Give it twice.")
    @data_option
    @database_option
    @plainly
    def add(data: Path | None, database_url: str | None, **given: Any) -> None:
        sponsors, held = given.pop("sponsors"), list(given.pop("held"))
        if len(sponsors) != 2 or len(set(sponsors)) != 2:
            raise BadConfiguration("Name two different sponsors: --sponsor LOGIN --sponsor LOGIN.")
        candidate = _Candidate(realm=realm, roles=held, **given)
        words = [click.prompt(f"Password of {login}", hide_input=True) for login in sponsors]
        password = _new_password(candidate.login)

        async def act(database: Database, door: Doorway) -> str:
            by = [await _sponsor(database, door, login, word) for login, word in zip(sponsors, words, strict=True)]
            founder = await _founder(door, candidate, password)
            adding = add_officer if realm == "officer" else add_regulator
            made = await database.run(adding, founder, by=(by[0], by[1]))
            return f"Added {ids.public(prefix, made)}."

        click.echo(run_with_door(data, database_url, act))


async def _sponsor(database: Database, door: Doorway, login: str, password: str) -> Holder:
    attempt = Attempt(realm="officer", login=login, password=password, address="console", device=None)
    return (await sign_in(database, door, attempt)).holder


async def _founder(door: Doorway, candidate: _Candidate, password: str) -> Founder:
    prepared = await prepare(door, password)
    return Founder(
        candidate.realm,
        candidate.name,
        candidate.organisation,
        candidate.unit,
        candidate.roles,
        candidate.login,
        prepared,
    )


def _new_password(login: str) -> str:
    word: str = click.prompt(f"New password for {login}", hide_input=True, confirmation_prompt=True)
    return word


async def sponsored(database: Database, door: Doorway, words: Mapping[str, str]) -> tuple[Holder, Holder]:
    """Two officers, signed in by login and password."""
    first, second = [await _sponsor(database, door, login, word) for login, word in words.items()]
    return first, second


def run_with_door(
    data: Path | None, database_url: str | None, act: Callable[[Database, Doorway], Awaitable[str]]
) -> str:
    """Run an act on the installation that the options name; what it says."""
    settings = configuration.load(data=data, database_url=database_url)
    return asyncio.run(with_database(settings, act))


_adding(officer, "officer", OFFICER_ROLES)
_adding(regulator, "regulator", REGULATOR_ROLES)
