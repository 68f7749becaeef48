"""A register with organisations in every state, made by officers' acts, and the application in front of it."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.edge import Edge, send
from tests.requesters.registered import Registered
from tests.requesters.samples import application
from tests.requesters.world import PASSWORD, Staff, let_in
from vault import ids
from vault.db import Database
from vault.requesters.uscc import check_character

_numbers = itertools.count(1)


def uscc() -> str:
    """A code that nobody has used."""
    first = f"91350200M{next(_numbers):08}"
    return first + check_character(first)


@dataclass
class Place:
    """The application, its officers, and everybody whom they let in."""

    edge: Edge
    db: Database
    staff: Staff
    banks: dict[str, "Bank"] = field(default_factory=dict)

    async def bank(self, name: str, zh: str = "海港银行", **changes: Any) -> "Bank":
        """An organisation of this name is let in."""
        code = uscc()
        named = {"organisation__uscc": code, "organisation__name": {"en": name, "zh-CN": zh}}
        decided = await let_in(self.db, self.staff, application(**(named | changes)))
        made = Bank(self.db, self.staff, decided)
        made.name, made.uscc = name, code
        return made

    @asynccontextmanager
    async def officer(self, login: str) -> AsyncIterator[httpx.AsyncClient]:
        """Somebody of the staff, signed in over HTTP."""
        async with self.edge.client(**{"Accept": "text/html", "Accept-Language": "en"}) as client:
            realm = "regulator" if login == "han.bing" else "officer"
            body = {"realm": realm, "login": login, "password": f"{PASSWORD} {login}"}
            assert (await send(client, "POST", "/v1/sessions", body)).status_code == 201
            yield client


class Bank(Registered):
    """A bank with its public ids."""

    name: str
    uscc: str

    @property
    def req(self) -> str:
        return ids.public(ids.REQUESTER, self.requester)

    @property
    def dcl(self) -> str:
        return ids.public(ids.DECLARATION, self.declaration)
