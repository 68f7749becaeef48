"""Becoming a member of an organisation, the same for both fronts."""

from vault.edge.doors import Doors
from vault.ids import MemberId
from vault.organisations.joining import Newcomer, Ticket, check_ticket, join
from vault.signin import prepare


async def become_member(doors: Doors, ticket: Ticket, *, name: str, login: str, password: str) -> MemberId:
    """Let somebody in who has a ticket. Raises NotFound, Invalid by field, LoginTaken, Conflict, Unavailable."""
    # The ticket first: who has none costs no stretching.
    await doors.database.run(check_ticket, ticket, name)
    prepared = await prepare(doors.doorway, password)
    return await doors.database.run(join, ticket, Newcomer(name, login, prepared))
