"""Software statements: a member lets one product of the organisation register a client of its own."""

from vault import ids
from vault.db import Session
from vault.errors import Invalid, NotFound, Refused
from vault.ids import DeclarationId, RequesterId
from vault.ledger.events import member as by_member
from vault.organisations.client_changes import vetted_origins
from vault.organisations.members import desk_of, member
from vault.organisations.roles import KEYS
from vault.requesters import dynamic
from vault.requesters.changing import check_redirects
from vault.requesters.client_metadata import why_not_name
from vault.requesters.owned import declarations_of
from vault.requesters.standing import Capability
from vault.requesters.statements import Product
from vault.requesters.states import check_may
from vault.signin.holders import Holder


class TwoMembersDecideKeys(Refused):
    """Who holds a statement brings keys that no second member has seen."""

    name = "two-members-decide-keys"
    title = "Your organisation lets two members decide about keys"
    advice = "Add the client's keys at the desk, where a second member confirms them, or let one member decide again."


async def check_one_decides(session: Session, organisation: RequesterId) -> None:
    """Raises TwoMembersDecideKeys: also for whoever holds a statement, or a registration, of the time before."""
    desk = await desk_of(session, organisation)
    if desk is not None and desk.two_members:
        raise TwoMembersDecideKeys


async def software_statement(
    session: Session, holder: Holder, declaration: str, product: Product, *, issuer: str
) -> str:
    """A signed statement for one product (RFC 7591 section 2.3), shown once, for seven days and one registration.

    ``declaration``: its public id. Takes the role keys; the redirect URIs are under hosts that were vetted. Raises
    Refused, TwoMembersDecideKeys, Invalid, NotFound for another's declaration, NotLive.
    """
    who = await member(session, holder)
    if KEYS not in who.roles:
        raise Refused("This takes the role keys.")
    await check_may(session, who.organisation, Capability.KEYS)
    await check_one_decides(session, who.organisation)
    which = DeclarationId(ids.parse(ids.DECLARATION, declaration))
    if which not in {own.id for own in await declarations_of(session, who.organisation)}:
        raise NotFound("There is no such declaration.")
    if why := why_not_name(product.client_name):
        raise Invalid.field("client_name", why)
    check_redirects(list(product.redirect_uris), await vetted_origins(session, who.organisation))
    return await dynamic.issue_statement(session, which, product, issuer=issuer, by=by_member(who.id))
