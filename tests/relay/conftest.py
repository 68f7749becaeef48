"""Fixtures: a person who lets the relay hold mail address and number, a bank that sends through it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from tests.profile.world import Administrator
from tests.release import conftest as release_room
from tests.release.world import Releases
from vault.consent import Given
from vault.db import Session
from vault.edge.exchange import Exchange
from vault.ids import PersonId
from vault.ledger.events import member
from vault.notifying import Outcome, Parcel
from vault.relay import RelayView, listing, mail
from vault.relay.calls import Call
from vault.relay.simulator import CallGatewaySimulator
from vault.requesters import register
from vault.requesters.changing import By, change_metadata
from vault.requesters.views import ClientView

releases = release_room.releases
DOMAIN = "relay.vault.example"
VAULT = "https://vault.example"
ITEMS = {"identity.name": "raw", "contact.email": "relay", "contact.phone_number": "relay"}
LINE = "+8659212345678"
"""The bank's own."""
CONTENT = mail.checked("Your appointment", "We expect you on Tuesday at nine.")


@dataclass
class Van:
    """A carrier that keeps parcels, and does with them what it is told."""

    outcome: Outcome = Outcome.TAKEN
    parcels: list[Parcel] = field(default_factory=list)

    async def carry(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        return self.outcome


@dataclass
class Line:
    """A bridge that keeps calls."""

    outcome: Outcome = Outcome.TAKEN
    calls: list[Call] = field(default_factory=list)

    async def connect(self, call: Call) -> Outcome:
        self.calls.append(call)
        return self.outcome


@dataclass
class Relayed:
    """Everything between one bank and one person's relay addresses."""

    releases: Releases
    exchange: Exchange
    van: Van
    line: Line
    given: Given

    @property
    def administrator(self) -> Administrator:
        return self.releases.administrator

    async def run(self, act: Any, *args: Any, **how: Any) -> Any:
        """An act in a transaction of its own."""
        return await self.releases.consents.db.run(act, *args, **how)

    async def client(self) -> ClientView:
        """The bank's client as it stands."""

        async def act(session: Session) -> ClientView:
            assert self.releases.consents.bank.client_id is not None
            return await register.client(session, self.releases.consents.bank.client_id)

        found: ClientView = await self.run(act)
        return found

    async def registers(self, *lines: str) -> None:
        """The bank's client calls from these lines from now on."""
        client = await self.client()
        metadata = msgspec.structs.replace(client.metadata, relay_lines=lines)
        await self.run(change_metadata, client.client_id, By(client.requester_id, member(client.client_id)), metadata)

    async def addresses(self) -> list[RelayView]:
        """As the person sees them, newest first."""
        found: list[RelayView] = await self.run(listing, PersonId(self.releases.consents.person.id))
        return found

    async def released(self, **how: Any) -> dict[str, Any]:
        """What the bank receives: {item: value}."""
        token = await self.releases.token(self.given)
        body = msgspec.json.decode((await self.releases.release(token, **how)).body)
        return {each["item"]: each["value"] for each in body["items"]}

    async def send(self, to: str, key: str = "k", content: mail.Content = CONTENT) -> Any:
        """The bank writes."""
        return await self.exchange.mail(await self.client(), to, key, content)


@pytest.fixture
async def relayed(releases: Releases) -> Relayed:
    releases.engine = replace(releases.engine, relay_domain=DOMAIN)
    given = await releases.given(ITEMS)
    van, line = Van(), Line()
    exchange = Exchange(releases.consents.db, DOMAIN, VAULT, van, line)
    relayed = Relayed(releases, exchange, van, line, given)
    await relayed.registers(LINE)
    return relayed


@pytest.fixture
def gateway() -> Iterator[CallGatewaySimulator]:
    with CallGatewaySimulator("a secret of both") as made:
        yield made
