"""Filing declarations from the desk: by whom, for whom, in which standing."""

from typing import Any

import pytest

from tests.organisations.world import Bank, recorded
from tests.requesters.samples import application
from vault import ids
from vault.db import Database
from vault.errors import Refused
from vault.organisations.changes import propose
from vault.organisations.filing import file_declaration
from vault.requesters.applications import Application, read_application
from vault.requesters.owned import owner
from vault.requesters.standing import Capability, State, allows
from vault.vetting.desk import status


async def _body(database: Database, bank: Bank, **changes: Any) -> Application:
    uscc = (await database.run(owner, bank.id)).uscc
    return read_application(application(**({"organisation__uscc": uscc} | changes)))


async def test_a_member_files_for_their_organisation(database: Database, bank: Bank) -> None:
    """Two officers decide as always; the entry names who filed it."""
    who = await bank.member("declarations")
    applied = await database.run(file_declaration, who, await _body(database, bank))
    assert (await database.run(status, applied.id, applied.status_token)).status == "received"
    (entry,) = await recorded(database, "declaration.filed")
    assert entry["actor"] == {"kind": "member", "id": ids.public(ids.MEMBER, who.id)}
    assert entry["ref"] == ids.public(ids.APPLICATION, applied.id)


@pytest.mark.parametrize("role", ["administrator", "keys", "audit"])
async def test_it_takes_the_role_declarations(database: Database, bank: Bank, role: str) -> None:
    """No other role files anything."""
    who = await bank.member(role)
    with pytest.raises(Refused):
        await database.run(file_declaration, who, await _body(database, bank))


async def test_for_no_other_organisation(database: Database, bank: Bank) -> None:
    """The credit code must be the organisation's own."""
    who = await bank.member("declarations")
    with pytest.raises(Refused):
        await database.run(file_declaration, who, read_application(application()))
    assert await recorded(database, "declaration.filed") == []


async def test_the_standing_decides_whether_anything_is_declared(database: Database, bank: Bank) -> None:
    """By the published table: whoever gave up may come back."""
    who = await bank.member("declarations")
    await database.run(propose, bank.administrator, "surrender", None, body={"reason": "we stop here"})
    assert allows(State.SURRENDERED, Capability.DECLARING)
    applied = await database.run(file_declaration, who, await _body(database, bank))
    assert (await database.run(status, applied.id, applied.status_token)).status == "received"
