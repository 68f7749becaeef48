"""Giving the registration, or one declaration, back: for good, so that it takes two where changes do."""

from typing import Any, Final

from vault.db import Session
from vault.errors import Invalid, NotFound
from vault.ids import DeclarationId
from vault.ledger.events import member as by_member
from vault.organisations.kinds import Kind, Made, nothing_to_drop
from vault.organisations.roles import ADMINISTRATOR
from vault.organisations.tables import Organisation
from vault.requesters import measures
from vault.requesters.owned import declarations_of

SURRENDER: Final = "surrender"


async def _check(session: Session, made: Made) -> None:
    _reason(made.body)
    if made.subject is not None:
        await _own(session, made)


async def _make(session: Session, _desk: Organisation, made: Made) -> None:
    declaration = await _own(session, made) if made.subject is not None else None
    await measures.surrender(
        session, made.organisation, reason=_reason(made.body), by=by_member(made.by.id), declaration=declaration
    )


async def _own(session: Session, made: Made) -> DeclarationId:
    for each in await declarations_of(session, made.organisation):
        if each.id == made.subject:
            return each.id
    raise NotFound("There is no such declaration.")


def _reason(body: Any) -> str:
    reason = body.get("reason")
    if not isinstance(reason, str):
        raise Invalid.field("reason", "must be a text")
    shortest, longest = measures.SHORTEST_REASON, measures.LONGEST_REASON
    if not shortest <= len(reason.strip()) <= longest or not reason.isprintable():
        raise Invalid.field("reason", f"must be one line of {shortest} to {longest} characters")
    return reason


KINDS: Final[dict[str, Kind]] = {
    SURRENDER: Kind(role=ADMINISTRATOR, check=_check, make=_make, drop=nothing_to_drop),
}
