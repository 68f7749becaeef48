"""A person whose number stands in an order, the two who sign it, and a court with a key of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import msgspec

from tests.conftest import NOW
from tests.profile.world import Administrator, World
from tests.release.world import Releases
from tests.requesters.world import PASSWORD, cheap_doorway
from vault.accounts.finding import index_of
from vault.accounts.numbers import check_character
from vault.consent.terms import ItemForm
from vault.crypto.sealing import new_box_pair, unseal
from vault.db import Database
from vault.lawful import (
    Instrument,
    LawfulOrder,
    Recipient,
    decide_on_record,
    open_on_record,
    peel_on_record,
    propose_on_record,
)
from vault.lawful.tables import LawfulOpening, LawfulOrderRow
from vault.registry import Founder, add_officer, add_regulator, hand_on
from vault.signin import Attempt, Holder, prepare, sign_in

NUMBER = "11010119900102001"
"""The first person's, without its check character."""
DOCUMENT = b"%PDF the order of the court, with the name of the person in it"
ITEMS = (ItemForm("identity.name", "raw"), ItemForm("identity.national_id", "masked"))


@dataclass
class Lawful:
    """What the two and the court do."""

    releases: Releases
    court: tuple[bytes, bytes] = field(default_factory=new_box_pair)

    @property
    def db(self) -> Database:
        return self.releases.consents.db

    @property
    def world(self) -> World:
        return self.releases.consents.world

    @property
    def person(self) -> Holder:
        return self.releases.consents.person

    @property
    def administrator(self) -> Administrator:
        return self.releases.administrator

    @property
    def officer(self) -> Holder:
        """The registry's: holds recovery-registry."""
        return self.world.staff.third

    @property
    def regulator(self) -> Holder:
        """The supervisory authority's: holds recovery-supervisor."""
        return self.world.staff.regulator

    def order(self, items: Sequence[ItemForm] = ITEMS, number: str = NUMBER, **changes: Any) -> LawfulOrder:
        """An order about the first person, for the court."""
        made = LawfulOrder(
            kind="court",
            basis="criminal-evidence",
            instrument=Instrument("北京市第一中级人民法院", "(2026)京01刑初88号", date(2026, 11, 20), DOCUMENT),
            recipient=Recipient("北京市第一中级人民法院", self.court[0]),
            subject=index_of(self.db.ring, "cn-ric", number + check_character(number)),
            items=items,
            valid_until=NOW + timedelta(days=7),
            openings=2,
            reveal_at=NOW + timedelta(days=60),
        )
        return replace(made, **changes)

    def emergency(self, **changes: Any) -> LawfulOrder:
        """Somebody's life is in danger."""
        short = {"valid_until": NOW + timedelta(hours=12), "reveal_at": NOW + timedelta(days=3), "openings": 1}
        return self.order(kind="emergency", basis="life-in-danger", **(short | changes))

    async def proposed(self, order: LawfulOrder | None = None, *, by: Holder | None = None) -> LawfulOrderRow:
        return await propose_on_record(self.db, by or self.officer, order or self.order())

    async def decided(self, row: LawfulOrderRow, *, by: Holder | None = None, agree: bool = True) -> LawfulOrderRow:
        return await decide_on_record(self.db, by or self.regulator, row.id, agree=agree)

    async def in_force(self, order: LawfulOrder | None = None) -> LawfulOrderRow:
        """Both signed."""
        return await self.decided(await self.proposed(order))

    async def peeled(self, row: LawfulOrderRow, *, by: Holder | None = None) -> LawfulOpening:
        return await peel_on_record(self.db, by or self.officer, row.id)

    async def opened(self, opening: LawfulOpening, *, by: Holder | None = None) -> LawfulOpening:
        return await open_on_record(self.db, by or self.regulator, opening.id)

    def read(self, opening: LawfulOpening) -> dict[str, Any]:
        """What the court reads: {item: value}."""
        assert opening.content is not None
        content = msgspec.json.decode(unseal(self.court[1], opening.content))
        return {each["item"]: each["value"] for each in content["items"]}

    async def another(self, realm: str, roles: tuple[str, ...], login: str, *, key: bool = True) -> Holder:
        """A colleague with the same role; ``key`` False: whom nobody gave the role's key."""
        doorway = cheap_doorway(self.db)
        password = f"{PASSWORD} {login}"
        organisation = "数据登记中心" if realm == "officer" else "网信监督办公室"
        candidate = Founder(realm, login, organisation, "九处", roles, login, await prepare(doorway, password))
        add = add_officer if realm == "officer" else add_regulator
        staff = self.world.staff
        made = await self.db.run(add, candidate, by=(staff.first, staff.second))
        if key:
            giver = self.officer if realm == "officer" else self.regulator
            role = next(role for role in roles if role.startswith("recovery"))
            await self.db.run(hand_on, giver, role, to=made)
        return (await sign_in(self.db, doorway, Attempt(realm, login, password, "127.0.0.1", None))).holder
