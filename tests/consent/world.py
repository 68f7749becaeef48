"""A person, a bank that was let in, and what it offers: made through public acts."""

from typing import Any

from tests.profile.world import World
from tests.requesters.samples import application, text
from tests.requesters.world import let_in
from vault.consent import Choice, Given, GrantView, Offer, check, give, one, parse
from vault.crypto.canonical import digest
from vault.db import Session
from vault.ids import PersonId
from vault.profile.catalogue import catalogue
from vault.requesters import register
from vault.signin import Holder
from vault.vetting.decisions import Decided

NOTICE = digest(b"the page as it was shown")
DECLARED = {
    "identity.name": (["raw", "masked"], True),
    "identity.birthdate": (["predicate:over_18", "band"], False),
    "identity.national_id": (["raw", "masked"], False),
    "contact.phone_number": (["raw", "masked"], False),
    "employment.monthly_income": (["band"], False),
    "health.conditions": (["predicate:any"], False),
}
ASKED = {
    "identity.name": "raw",
    "identity.birthdate": "predicate:over_18",
    "identity.national_id": "raw",
    "contact.phone_number": "masked",
    "employment.monthly_income": "band",
}


def declaration(**changes: Any) -> dict[str, Any]:
    """A declaration of the items above."""
    items = [
        {"item": item, "forms": forms, "required": required, "necessity": text(item)}
        for item, (forms, required) in DECLARED.items()
    ]
    body = application()["declaration"] | {"items": items, "frequency": {"per": "day", "count": 10}}
    return body | changes


def asked(items: dict[str, str] | None = None, **limits: Any) -> list[dict[str, Any]]:
    """authorization_details as a requester would push them."""
    wanted = [{"item": item, "form": form} for item, form in (items or ASKED).items()]
    return [{"type": "personal_information.v1", "items": wanted, "duration_days": 30} | limits]


def choice(*ticked: str, sensitive_yes: bool = True) -> Choice:
    """Yes to these items, or to all that are asked."""
    return Choice(frozenset(ticked or ASKED), sensitive_yes, "zh-CN", NOTICE)


class Consents:
    """What happens between one person and one bank."""

    def __init__(self, world: World, person: Holder, bank: Decided) -> None:
        self.world, self.db = world, world.db
        self.person, self.bank = person, bank

    @classmethod
    async def prepared(cls, world: World) -> "Consents":
        """A person registers, a bank is let in."""
        bank = await let_in(world.db, world.staff, application(declaration=declaration()))
        return cls(world, await world.person(), bank)

    async def offer(self, session: Session, **wanted: Any) -> Offer:
        """What the person is asked, all of it live."""
        assert self.bank.client_id is not None
        client = await register.client(session, self.bank.client_id)
        declared = await register.declaration(session, client.declaration_id)
        return Offer(client, declared, check(parse(asked(**wanted)), declared.body, catalogue()))

    async def given(self, made: Choice | None = None, holder: Holder | None = None, **wanted: Any) -> Given:
        """The person allows it."""

        async def act(session: Session) -> Given:
            return await give(session, holder or self.person, await self.offer(session, **wanted), made or choice())

        return await self.db.run(act)

    async def seen(self, given: Given) -> GrantView:
        """The grant as its person sees it."""
        return await self.db.run(one, PersonId(self.person.id), given.grant)
