"""A member opens the sandbox: the kit, and what there is already; the same for both fronts."""

from dataclasses import dataclass

from vault import ids
from vault.db import Database, Session
from vault.errors import Invalid
from vault.ledger.events import member as by_member
from vault.organisations.members import Member, member, member_for
from vault.organisations.roles import DECLARATIONS, KEYS
from vault.requesters.owned import OwnClient, clients_of
from vault.requesters.standing import Capability
from vault.requesters.states import check_may
from vault.sandbox.kit import Kit, Wanted, make_kit
from vault.sandbox.persons import MOST, Login, SandboxPerson, fresh_login, persons
from vault.signin import Holder
from vault.signin.passwords import Doorway

ROLES = (KEYS, DECLARATIONS)


@dataclass(frozen=True)
class Asked:
    """``client``: public id of a client or of its sandbox; ``persons``: how many new test persons; ``replaces``: the
    number of the test person whose place a new one takes."""

    client: str
    persons: int = 1
    replaces: int | None = None


@dataclass(frozen=True)
class Sandbox:
    """What an organisation has to try with: its clients, sandboxes among them, and its test persons."""

    me: Member
    clients: list[OwnClient]
    persons: list[SandboxPerson]


async def sandbox(session: Session, holder: Holder) -> Sandbox:
    """What there is; any member may look."""
    me = await member(session, holder)
    return Sandbox(me, await clients_of(session, me.organisation), await persons(session, me.organisation))


async def open_kit(database: Database, doorway: Doorway, holder: Holder, asked: Asked) -> Kit:
    """A kit with new test persons, for a member with the role keys or declarations. Logins and passwords are in it, and
    kept nowhere. Raises what :func:`vault.sandbox.kit.make_kit` does, Refused."""
    if not 0 <= asked.persons <= MOST:
        raise Invalid.field("persons", f"must be 0 to {MOST}")
    # Who may not, makes nobody stretch a password.
    await database.run(_allowed, holder)
    logins = [await fresh_login(doorway) for _ in range(asked.persons)]
    return await database.run(_open, holder, asked, logins)


async def _allowed(session: Session, holder: Holder) -> Member:
    who = await member_for(session, holder, *ROLES)
    await check_may(session, who.organisation, Capability.CONSENT)
    return who


async def _open(session: Session, holder: Holder, asked: Asked, logins: list[Login]) -> Kit:
    who = await _allowed(session, holder)
    wanted = Wanted(ids.parse(ids.CLIENT, asked.client), who.organisation, asked.replaces)
    return await make_kit(session, wanted, logins, by=by_member(who.id))
