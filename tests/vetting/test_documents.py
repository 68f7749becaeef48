"""Documents: what is not taken, who reads them, and that nothing of them is readable at rest."""

import asyncpg
import pytest

from tests.requesters.samples import application
from tests.vetting.test_drafts import PDF, Key, begun, handed_in
from vault.crypto.canonical import digest
from vault.db import Database
from vault.errors import CannotOpen, Conflict, Invalid, NotFound, Tampered, TooLarge
from vault.ids import new_uuid
from vault.vetting import documents, drafts
from vault.vetting.documents import LARGEST, Document, Upload

PNG = b"\x89PNG\r\n\x1a\n and so on"


async def added(db: Database, key: Key, upload: Upload | None = None) -> Document:
    """A document of a draft."""
    return await db.run(drafts.add_document, key, upload or Upload("report.pdf", "application/pdf", PDF))


async def test_a_document_comes_back_as_it_was(database: Database) -> None:
    """With its name, type, size and digest."""
    _, key = await begun(database)
    made = await added(database, key, Upload("安全评估 2026.pdf", "application/pdf", PDF))
    found, content = await database.run(drafts.document, key, made.id)
    assert (content, found) == (PDF, made)
    assert (found.size, found.sha256) == (len(PDF), digest(PDF).hex())


@pytest.mark.parametrize(
    ("upload", "why"),
    [
        (Upload("a.html", "text/html", b"<script>alert(1)</script>"), "media_type"),
        (Upload("a.svg", "image/svg+xml", b"<svg onload=alert(1)>"), "media_type"),
        (Upload("a.zip", "application/zip", b"PK\x03\x04"), "media_type"),
        (Upload("a.pdf", "application/pdf; charset=x", PDF), "media_type"),
        (Upload("a.pdf", "application/pdf", b"<html>" + PDF), "content"),
        (Upload("a.pdf", "application/pdf", b""), "content"),
        (Upload("a.png", "image/png", PDF), "content"),
        (Upload("a.pdf", "application/pdf", PNG), "content"),
        (Upload("", "application/pdf", PDF), "name"),
        (Upload("x" * 121, "application/pdf", PDF), "name"),
        (Upload("../../etc/passwd", "application/pdf", PDF), "name"),
        (Upload("a\\b.pdf", "application/pdf", PDF), "name"),
        (Upload(".htaccess", "application/pdf", PDF), "name"),
        (Upload("a\r\nSet-Cookie: x=1.pdf", "application/pdf", PDF), "name"),
        (Upload("a\u202efdp.exe", "application/pdf", PDF), "name"),
        (Upload("a\x00.pdf", "application/pdf", PDF), "name"),
    ],
)
async def test_hostile_documents_are_refused_by_name(database: Database, upload: Upload, why: str) -> None:
    """And leave nothing behind."""
    _, key = await begun(database)
    with pytest.raises(Invalid) as caught:
        await added(database, key, upload)
    assert caught.value.members["errors"][0]["field"] == why  # type: ignore[index]  # a list, by its making
    assert (await database.run(drafts.read, key)).documents == []


async def test_sizes_and_numbers_are_bounded(database: Database) -> None:
    """One document, all of them, their number."""
    _, key = await begun(database)
    with pytest.raises(TooLarge):
        await added(database, key, Upload("a.pdf", "application/pdf", PDF.ljust(LARGEST + 1)))
    for number in range(4):
        await added(database, key, Upload("a.pdf", "application/pdf", (PDF + b"%d" % number).ljust(LARGEST)))
    with pytest.raises(Conflict, match="16 MiB"):
        await added(database, key, Upload("a.pdf", "application/pdf", PDF))
    _, small = await begun(database)
    for number in range(documents.MOST):
        await added(database, small, Upload("a.pdf", "application/pdf", PDF + b"%d" % number))
    with pytest.raises(Conflict, match="at most 10"):
        await added(database, small)


async def test_the_same_document_is_taken_once(database: Database) -> None:
    """Under whatever name."""
    _, key = await begun(database)
    await added(database, key)
    with pytest.raises(Conflict):
        await added(database, key, Upload("other.pdf", "application/pdf", PDF))


async def test_a_document_may_be_taken_away_again(database: Database) -> None:
    """And makes room."""
    _, key = await begun(database, application())
    made = await added(database, key)
    await database.run(drafts.remove_document, key, made.id)
    assert (await database.run(drafts.read, key)).documents == []
    with pytest.raises(NotFound):
        await database.run(drafts.remove_document, key, made.id)
    await added(database, key)


async def test_other_applicants_do_not_reach_it(database: Database) -> None:
    """Not by its id with one's own token, nor with one's own id."""
    _, key = await begun(database)
    _, other = await begun(database)
    made = await added(database, key)
    for shown in (other, Key(key.application, other.token), Key(other.application, key.token)):
        with pytest.raises(NotFound):
            await database.run(drafts.document, shown, made.id)
        with pytest.raises(NotFound):
            await database.run(drafts.remove_document, shown, made.id)
    with pytest.raises(NotFound):
        await database.run(drafts.document, key, new_uuid())


async def test_officers_see_what_was_handed_in_only(database: Database) -> None:
    """A draft is nobody's but its writer's."""
    _, key = await begun(database)
    await added(database, key)
    with pytest.raises(NotFound):
        await database.run(documents.of_filed, key.application)
    filed = await handed_in(database)
    assert [each.name for each in await database.run(documents.of_filed, filed.application)] == ["report.pdf"]


async def test_nothing_is_readable_at_rest(database: Database, database_url: str) -> None:
    """And a row that was changed or moved does not open."""
    _, key = await begun(database)
    made = await added(database, key)
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow("SELECT sealed FROM application_documents")
    assert row is not None
    assert PDF[:8] not in row["sealed"]
    for edit in ("name = 'other.pdf'", "media_type = 'text/html'", "sha256 = sha256('x')", "size = 1"):
        async with connection.transaction():
            kept = await connection.fetchrow("SELECT name, media_type, sha256, size FROM application_documents")
            assert kept is not None
        await connection.execute(f"UPDATE application_documents SET {edit}")
        with pytest.raises((CannotOpen, Tampered)):
            await database.run(drafts.document, key, made.id)
        await connection.execute(
            "UPDATE application_documents SET name = $1, media_type = $2, sha256 = $3, size = $4", *kept.values()
        )
    assert (await database.run(drafts.document, key, made.id))[1] == PDF
    await connection.close()
