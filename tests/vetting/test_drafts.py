"""Drafts: they say what they lack; handed in they no longer change; strangers cannot pile them up."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from tests.profile.world import drafts as outbox
from tests.requesters.samples import application
from tests.requesters.world import Staff, both_approve, let_in
from vault.clock import FixedClock
from vault.crypto.canonical import b64, canonical, digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound, Refused, Tampered, TooLarge
from vault.requesters.applications import read_application
from vault.requesters.uscc import check_character
from vault.vetting import desk, documents, drafts
from vault.vetting.drafts import Begun, DraftView, Key
from vault.vetting.tables import ApplicationDocument, ApplicationDraft, ApplicationRow

HERE = "203.0.113.7"
PDF = b"%PDF-1.7 a report about security"
WRONG = "A" * 43


async def begun(db: Database, body: dict[str, Any] | None = None, address: str = HERE) -> tuple[Begun, Key]:
    """A draft and the key to it."""
    made = await db.run(drafts.begin, address, body)
    return made, Key(made.id, made.token)


async def handed_in(db: Database) -> Key:
    """A whole application, handed in with a document."""
    _, key = await begun(db, application())
    await db.run(drafts.add_document, key, documents.Upload("report.pdf", "application/pdf", PDF))
    await db.run(drafts.submit, key)
    return key


async def events(db: Database) -> list[dict[str, Any]]:
    """What the outbox says about applications."""
    said = [msgspec.json.decode(draft) for draft in await outbox(db)]
    return [entry for entry in said if entry["event"].startswith("application.")]


async def count(db: Database, table: type[Any]) -> int:
    """How many rows there are."""

    async def act(session: Session) -> int:
        return int((await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one())

    return await db.run(act)


def fields(view: DraftView) -> set[str]:
    """The fields that it lacks."""
    return {lack.field for lack in view.missing if lack.blocks}


async def test_an_empty_draft_says_everything_it_lacks(database: Database) -> None:
    """Each field with what belongs there."""
    _, key = await begun(database)
    view = await database.run(drafts.read, key)
    assert {"organisation.name", "organisation.uscc", "client.jwks", "declaration.items"} <= fields(view)
    assert all(lack.todo for lack in view.missing), [lack.field for lack in view.missing if not lack.todo]
    evidence = next(lack for lack in view.missing if lack.field == "organisation.security_evidence")
    assert not evidence.blocks


async def test_a_draft_is_written_bit_by_bit(database: Database, clock: FixedClock) -> None:
    """Parts come one after the other; the list gets shorter; each change moves its end on."""
    made, key = await begun(database)
    whole = application()
    before = fields(await database.run(drafts.read, key))
    clock.move(timedelta(days=29))
    view = await database.run(drafts.change, key, lambda body: {**body, "organisation": whole["organisation"]})
    assert {field for field in fields(view) if field.startswith("organisation")} == set()
    assert fields(view) < before
    assert view.lapses_at == made.lapses_at + timedelta(days=29)
    broken = {**whole["organisation"], "uscc": "1"}
    view = await database.run(drafts.change, key, lambda body: {**body, "organisation": broken})
    assert fields(view) >= {"organisation.uscc"}
    assert view.body["organisation"]["policies"] == whole["organisation"]["policies"]
    view = await database.run(drafts.replace, key, whole)
    assert fields(view) == set()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"organisation__uscc": "91350100M000100Y44"}, "organisation.uscc"),
        ({"declaration__longest_duration_days": 1096}, "declaration.longest_duration_days"),
        ({"declaration__purpose__code": "marketing.offers"}, "declaration.frequency.count"),
        ({"client__redirect_uris": ["http://bank.example/back"]}, "client.redirect_uris[0]"),
        (
            {"organisation__security_evidence": [{"name": "a", "sha256": "ab" * 32}]},
            "organisation.security_evidence[0]",
        ),
        ({"organisation__name__en": "Harbour\u202eknaB"}, "organisation.name.en"),
    ],
)
async def test_what_is_wrong_is_in_the_list_too(database: Database, change: dict[str, Any], field: str) -> None:
    """And keeps it from being handed in, with the same field in the refusal."""
    _, key = await begun(database, application(**change))
    assert field in fields(await database.run(drafts.read, key))
    with pytest.raises(Invalid) as caught:
        await database.run(drafts.submit, key)
    errors = caught.value.members["errors"]
    assert isinstance(errors, list)
    assert field in [each["field"] for each in errors]
    assert (await database.run(drafts.read, key)).is_open


async def test_a_wrong_address_is_named_while_the_rest_is_missing(database: Database) -> None:
    """So is a wrong code: nobody learns of it only when everything else is there."""
    _, key = await begun(database, {"organisation": {"uscc": "9" * 18, "privacy_contact": {"email": "nobody"}}})
    assert {"organisation.uscc", "organisation.privacy_contact.email"} <= fields(await database.run(drafts.read, key))


@pytest.mark.parametrize(
    "body",
    [
        {"organisation": []},
        {"organisation": {"name": 7, "policies": {"a": 1}, "uscc": None, "responsible_persons": [None, 3]}},
        {"declaration": {"items": [[]], "recipients": "nobody", "storage": "here", "cross_border": 1}},
        {"client": {"jwks": {"keys": ["x"]}, "redirect_uris": [{}]}},
    ],
)
async def test_any_json_may_be_a_draft(database: Database, body: dict[str, Any]) -> None:
    """What is not of the shape is named, never a failure of ours."""
    _, key = await begun(database, body)
    view = await database.run(drafts.read, key)
    assert view.body == body
    assert fields(view)
    with pytest.raises(Invalid):
        await database.run(drafts.submit, key)


@pytest.mark.parametrize(
    "body", [{"surprise": {}}, {"client": {"surprise": 1}}, {"declaration": {"items": [{"surprise": 1}]}}]
)
async def test_what_never_belongs_there_is_refused_at_once(database: Database, body: dict[str, Any]) -> None:
    """An unknown member is a mistake that no completing mends."""
    with pytest.raises(Invalid, match="surprise"):
        await begun(database, body)
    _, key = await begun(database)
    with pytest.raises(Invalid, match="surprise"):
        await database.run(drafts.replace, key, body)


async def test_a_draft_is_bounded(database: Database) -> None:
    """As an application is."""
    with pytest.raises(TooLarge):
        await begun(database, {"organisation": {"name": "x" * 140_000}})
    _, key = await begun(database)
    with pytest.raises(TooLarge):
        await database.run(drafts.replace, key, {"organisation": {"name": "x" * 140_000}})


async def test_only_the_token_opens_it(database: Database) -> None:
    """A wrong token looks like no application; so does another one's token."""
    _, mine = await begun(database)
    _, other = await begun(database)
    filed = await handed_in(database)
    for key in (Key(mine.application, other.token), Key(mine.application, WRONG), Key(filed.application, mine.token)):
        for act in (drafts.read, drafts.submit, drafts.withdraw, drafts.check):
            with pytest.raises(NotFound):
                await database.run(act, key)
        with pytest.raises(NotFound):
            await database.run(drafts.replace, key, {})
        with pytest.raises(NotFound):
            await database.run(desk.status, key.application, key.token)


async def test_handing_in_makes_an_application(database: Database, staff: Staff) -> None:
    """With the same id and token; the evidence is what was uploaded; officers see and approve it."""
    key = await handed_in(database)
    view = await database.run(drafts.read, key)
    assert (view.status, view.missing, view.lapses_at) == ("received", [], None)
    evidence = view.body["organisation"]["security_evidence"]
    assert evidence == [{"name": "report.pdf", "sha256": digest(PDF).hex()}]
    received = (await events(database))[-1]
    assert (received["event"], received["count"]) == ("application.received", 1)
    assert received["digest"] == b64(digest(canonical(view.body)))
    assert await count(database, ApplicationDraft) == 0
    assert (await both_approve(database, staff, key.application)).status == "approved"
    assert (await database.run(desk.status, key.application, key.token)).status == "approved"


async def test_what_was_handed_in_no_longer_changes(database: Database) -> None:
    """Neither text nor documents."""
    key = await handed_in(database)
    held = (await database.run(drafts.read, key)).documents[0]
    upload = documents.Upload("more.pdf", "application/pdf", PDF + b"2")
    with pytest.raises(Conflict):
        await database.run(drafts.replace, key, application())
    with pytest.raises(Conflict):
        await database.run(drafts.add_document, key, upload)
    with pytest.raises(Conflict):
        await database.run(drafts.remove_document, key, held.id)
    with pytest.raises(Conflict):
        await database.run(drafts.submit, key)


async def test_handing_in_twice_at_once_makes_one(database: Database) -> None:
    """The other finds it handed in."""
    _, key = await begun(database, application())
    made = await asyncio.gather(*(database.run(drafts.submit, key) for _ in range(4)), return_exceptions=True)
    assert sum(each is None for each in made) == 1
    assert await count(database, ApplicationRow) == 1


async def test_a_draft_that_is_withdrawn_is_gone(database: Database) -> None:
    """With its documents; the ledger says so."""
    _, key = await begun(database)
    await database.run(drafts.add_document, key, documents.Upload("report.pdf", "application/pdf", PDF))
    await database.run(drafts.withdraw, key)
    with pytest.raises(NotFound):
        await database.run(drafts.read, key)
    assert await count(database, ApplicationDocument) == 0
    assert [(entry["event"], entry.get("reason")) for entry in await events(database)] == [
        ("application.draft_begun", None),
        ("application.draft_dropped", "withdrawn"),
    ]


async def test_what_was_handed_in_may_be_withdrawn_until_somebody_decides(database: Database, staff: Staff) -> None:
    """Then it is over; after a decision it is too late."""
    key = await handed_in(database)
    await database.run(drafts.withdraw, key)
    assert (await database.run(desk.status, key.application, key.token)).status == "withdrawn"
    with pytest.raises(Conflict):
        await both_approve(database, staff, key.application)
    with pytest.raises(Conflict):
        await database.run(drafts.withdraw, key)
    decided = await handed_in_again(database)
    await both_approve(database, staff, decided.application)
    with pytest.raises(Conflict):
        await database.run(drafts.withdraw, decided)


async def handed_in_again(db: Database) -> Key:
    """Another one of the same organisation."""
    _, key = await begun(db, application())
    await db.run(drafts.submit, key)
    return key


async def test_drafts_lapse(database: Database, clock: FixedClock) -> None:
    """Decided when reading; the sweep takes rows and documents away, and what was handed in stays."""
    _, key = await begun(database)
    await database.run(drafts.add_document, key, documents.Upload("report.pdf", "application/pdf", PDF))
    kept = await handed_in(database)
    clock.move(drafts.LASTS)
    with pytest.raises(NotFound):
        await database.run(drafts.read, key)
    with pytest.raises(NotFound):
        await database.run(drafts.submit, key)
    await database.run(drafts.delete_lapsed)
    assert await count(database, ApplicationDraft) == 0
    assert [each.name for each in (await database.run(drafts.read, kept)).documents] == ["report.pdf"]
    assert (await events(database))[-1]["reason"] == "lapsed"


async def test_members_file_for_their_own_organisation(database: Database, staff: Staff) -> None:
    """By its id, and for no other code."""
    bank = await let_in(database, staff)
    assert bank.requester is not None
    body = read_application(application())
    await database.run(desk.apply, body, requester=bank.requester)
    received = (await events(database))[-1]
    assert received["requester"] == f"req_{bank.requester.hex}"
    other = read_application(application(organisation__uscc="91110000600037341" + check_character("91110000600037341")))
    with pytest.raises(Refused):
        await database.run(desk.apply, other, requester=bank.requester)
    made = await database.run(drafts.begin, HERE, application(), requester=bank.requester)
    await database.run(drafts.submit, Key(made.id, made.token))
    assert (await events(database))[-1]["requester"] == f"req_{bank.requester.hex}"


async def test_evidence_takes_a_draft(database: Database) -> None:
    """A whole application cannot name documents that are not here."""
    body = read_application(application(organisation__security_evidence=[{"name": "a.pdf", "sha256": "ab" * 32}]))
    with pytest.raises(Invalid, match="upload"):
        await database.run(desk.apply, body)


@pytest.mark.parametrize("edit", ["token_hash = sha256('x')", "body = '{}'", "lapses_at = lapses_at + interval '1 y'"])
async def test_an_edited_draft_is_refused(database: Database, database_url: str, edit: str) -> None:
    """A database administrator does not write applications."""
    _, key = await begun(database, application())
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"UPDATE application_drafts SET {edit}")
    await connection.close()
    with pytest.raises(Tampered):
        await database.run(drafts.submit, key)
