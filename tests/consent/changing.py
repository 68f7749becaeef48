"""One person, one bank, one grant that is merged with further requests or gives way to them."""

from dataclasses import replace

from tests.consent.world import Consents, choice
from vault.consent import Change, Given, InForce, Offer, give, in_force, terms_of
from vault.consent.changes import How
from vault.db import Session
from vault.ids import GrantId, PersonId
from vault.profile.catalogue import catalogue
from vault.signin import Holder

FIRST = {"identity.name": "raw", "contact.phone_number": "masked"}
MORE = {"identity.name": "raw", "identity.national_id": "raw", "employment.monthly_income": "band"}


async def before(consents: Consents, grant: GrantId, holder: Holder | None = None) -> InForce:
    """The consent in force, as a consent page finds it."""

    async def act(session: Session) -> InForce:
        client = (await consents.offer(session)).client
        return await in_force(session, PersonId((holder or consents.person).id), grant, client)

    return await consents.db.run(act)


async def offered(session: Session, consents: Consents, change: Change, items: dict[str, str]) -> Offer:
    """What the page is about."""
    plain = await consents.offer(session, items=items)
    terms = terms_of(change, plain.terms, plain.declaration.body, catalogue(), session.now)
    return replace(plain, terms=terms, change=change)


async def changed(
    consents: Consents, how: How, found: InForce, items: dict[str, str], *ticked: str, holder: Holder | None = None
) -> Given:
    """The person allows the change of the consent they were shown; everything on offer where nothing is named."""

    async def act(session: Session) -> Given:
        offer = await offered(session, consents, Change(how, found), items)
        return await give(session, holder or consents.person, offer, choice(*(ticked or names(offer))))

    return await consents.db.run(act)


def names(offer: Offer) -> list[str]:
    """Everything on offer."""
    return [term.item for term in offer.terms.items]
