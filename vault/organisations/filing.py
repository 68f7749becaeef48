"""Filing what the organisation wants to ask for next: an application of its own, by a member who may."""

from vault import ids
from vault.db import Session
from vault.ledger.events import Event
from vault.ledger.events import member as by_member
from vault.ledger.log import append
from vault.organisations.members import member_for
from vault.organisations.roles import DECLARATIONS
from vault.requesters.applications import Application
from vault.requesters.standing import Capability
from vault.requesters.states import check_may
from vault.signin.holders import Holder
from vault.vetting import desk
from vault.vetting.desk import Applied


async def file_declaration(session: Session, holder: Holder, application: Application) -> Applied:
    """File a new declaration, or a new version of one, for two officers to decide. Takes the role declarations.

    Raises Refused (also where the credit code is not the organisation's own), NotLive where its standing lets nothing
    be declared, Invalid with every problem in ``errors``.
    """
    by = await member_for(session, holder, DECLARATIONS)
    await check_may(session, by.organisation, Capability.DECLARING)
    applied = await desk.apply(session, application, requester=by.organisation)
    event = Event(
        name="declaration.filed",
        actor=by_member(by.id),
        requester=by.organisation,
        ref=ids.public(ids.APPLICATION, applied.id),
    )
    await append(session, event)
    return applied
