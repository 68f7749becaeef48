"""Roles are checked against rows nobody can edit unseen."""

from typing import Any

import asyncpg
import pytest

from tests.signin.people import founded, person
from vault.crypto.sealing import new_box_pair, seal
from vault.db import REGULATOR, Database, Session
from vault.errors import BadConfiguration, CannotOpen, Invalid, NotFound, Refused, Tampered
from vault.ids import StaffId, new_uuid
from vault.registry import hand_on, officer, regulator, role_public, role_secret, staff_member
from vault.registry.tables import RoleKey, Staff
from vault.signin import Holder


async def edit(database_url: str, statement: str, *values: Any) -> None:
    """Change rows as a database administrator could."""
    administrator = await asyncpg.connect(database_url)
    await administrator.execute(statement, *values)
    await administrator.close()


async def test_a_role_is_needed(database: Database) -> None:
    """Officers do what their roles say, regulators what theirs say, persons nothing of it."""
    staff = await founded(database)
    alice = (await person(database, "alice")).holder
    async with database.begin() as session:
        member = await officer(session, staff["release"], "release")
        assert (member.roles, member.organisation, member.status) == (("release",), "Registry", "active")
        assert (await regulator(session, staff["regulator"], "oversight")).organisation == "Supervisor"
        for holder, role in (
            (staff["release"], "vetting"),
            (staff["vetter-b"], "recovery-registry"),
            (staff["regulator"], "release"),
            (staff["release"], "oversight"),
            (alice, "vetting"),
            (alice, "oversight"),
        ):
            with pytest.raises(Refused):
                await officer(session, holder, role)
        with pytest.raises(Refused):
            await regulator(session, staff["vetter-a"], "vetting")
        with pytest.raises(Invalid):
            await officer(session, staff["release"], "root")


async def test_staff_can_be_looked_up_for_their_signatures(database: Database) -> None:
    """By id, whatever their status; nobody else is there."""
    staff = await founded(database)
    async with database.begin() as session:
        (await session.get_one(Staff, staff["release"].id)).status = "left"
    async with database.begin() as session:
        member = await staff_member(session, StaffId(staff["release"].id))
        assert (member.status, member.signing_public) == ("left", staff["release"].bundle.signing_public)
        with pytest.raises(Refused):
            await officer(session, staff["release"], "release")
        with pytest.raises(NotFound):
            await staff_member(session, StaffId(new_uuid()))


async def test_regulators_read_the_register_and_change_nothing(database: Database) -> None:
    """Their database role sees the staff and no secret, and cannot write."""
    staff = await founded(database)
    async with database.begin(REGULATOR) as session:
        assert (await staff_member(session, StaffId(staff["release"].id))).name == "Name of release"
    for statement in ("UPDATE staff SET unit = 'x'", "DELETE FROM staff", "SELECT * FROM role_key_holders"):
        connection = await database.connect(REGULATOR)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await connection.close()


EDITS = {
    "staff": {
        "name": "'Somebody Else'",
        "organisation": "'Elsewhere'",
        "unit": "'Elsewhere'",
        "roles": """'["release", "vetting"]'""",
        "status": "'suspended'",
        "realm": "'regulator'",
        "box_public": "decode(repeat('ab', 32), 'hex')",
        "signing_public": "decode(repeat('ab', 32), 'hex')",
        "version": "version + 1",
        "mac": "set_byte(mac, 10, get_byte(mac, 10) # 1)",
    },
    "role_keys": {
        "public": "decode(repeat('ab', 32), 'hex')",
        "version": "version + 1",
        "mac": "decode('', 'hex')",
    },
}


@pytest.mark.parametrize(("table", "column"), [(table, column) for table in EDITS for column in EDITS[table]])
async def test_an_edited_row_is_refused(database: Database, database_url: str, table: str, column: str) -> None:
    """Whatever a database administrator edits in a row that gives power, it is refused at the next load."""
    staff = await founded(database)
    await edit(database_url, f"UPDATE {table} SET {column} = {EDITS[table][column]}")
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await (
                officer(session, staff["release"], "release") if table == "staff" else role_public(session, "release")
            )


async def _used(session: Session, holder: Holder, table: str) -> object:
    return await (role_public(session, "release") if table == "role_keys" else officer(session, holder, "release"))


def test_every_guarded_column_is_tried() -> None:
    """A column added later must be added here."""
    for model in (Staff, RoleKey):
        assert set(model.guarded) <= EDITS[model.__tablename__].keys()


async def test_rows_are_not_moved(database: Database, database_url: str) -> None:
    """One officer's row under another's id, one role's key under another's name: refused."""
    staff = await founded(database)
    await edit(
        database_url,
        "UPDATE staff SET roles = o.roles, name = o.name, unit = o.unit, mac = o.mac, "
        "box_public = o.box_public, signing_public = o.signing_public FROM staff o WHERE o.id = $1 AND staff.id = $2",
        staff["release"].id,
        staff["vetter-b"].id,
    )
    await edit(
        database_url,
        "UPDATE role_keys SET public = o.public, mac = o.mac FROM role_keys o "
        "WHERE o.role = 'release' AND role_keys.role = 'recovery-registry'",
    )
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await officer(session, staff["vetter-b"], "release")
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await role_public(session, "recovery-registry")


async def test_a_planted_officer_is_refused(database: Database, database_url: str) -> None:
    """A row without our MAC is no officer, with any MAC a stranger can make."""
    staff = await founded(database)
    await edit(
        database_url,
        "INSERT INTO staff SELECT gen_random_uuid(), realm, name, organisation, unit, roles, "
        "box_public, signing_public, status, version, mac FROM staff WHERE id = $1",
        staff["release"].id,
    )
    planted = await _others(database_url, staff["release"].bundle.box_public, staff["release"].id)
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await staff_member(session, planted)


async def _others(database_url: str, public: bytes, known: Any) -> StaffId:
    administrator = await asyncpg.connect(database_url)
    found = await administrator.fetchval("SELECT id FROM staff WHERE box_public = $1 AND id <> $2", public, known)
    await administrator.close()
    return StaffId(found)


async def test_a_swapped_role_secret_is_refused(database: Database, database_url: str) -> None:
    """A secret sealed to the holder by somebody else does not fit the role's public key."""
    staff = await founded(database)
    _, other = new_box_pair()
    await edit(
        database_url,
        "UPDATE role_key_holders SET sealed = $1 WHERE role = 'release'",
        seal(staff["release"].bundle.box_public, other),
    )
    async with database.begin() as session:
        with pytest.raises(Tampered):
            await role_secret(session, staff["release"], "release", 1)


async def test_a_role_secret_is_for_its_holders(database: Database, database_url: str) -> None:
    """Without the role, without a share, or with somebody else's share: nothing opens."""
    staff = await founded(database)
    async with database.begin() as session:
        with pytest.raises(Refused):
            await role_secret(session, staff["vetter-b"], "release", 1)
        with pytest.raises(NotFound):
            await role_secret(session, staff["release"], "release", 2)
        with pytest.raises(Refused):
            await hand_on(session, staff["release"], "release", to=StaffId(staff["vetter-b"].id))
        with pytest.raises(Refused):
            await hand_on(session, staff["vetter-b"], "release", to=StaffId(staff["release"].id))
    await edit(
        database_url,
        "UPDATE role_key_holders SET staff_id = $1 WHERE role = 'recovery-registry'",
        staff["release"].id,
    )
    async with database.begin() as session:
        with pytest.raises(CannotOpen):
            await role_secret(session, staff["vetter-a"], "recovery-registry", 1)


async def test_before_the_ceremony_there_are_no_role_keys(database: Database) -> None:
    """Sealing to a role that has no key is an error of whoever set up, not a silent nothing."""
    async with database.begin() as session:
        with pytest.raises(BadConfiguration):
            await role_public(session, "release")
