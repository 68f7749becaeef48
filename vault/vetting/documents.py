"""Documents that applicants hand in as evidence: sealed under the key ring, read by the applicant and by officers
who vet. Types and sizes are bounded, and a document is what its first bytes say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from vault import ids
from vault.crypto.canonical import digest
from vault.crypto.keyring import KeyRing, ring_open, ring_seal
from vault.crypto.sealing import place, same
from vault.db import Session
from vault.errors import Conflict, Invalid, NotFound, Tampered, TooLarge
from vault.ids import ApplicationId
from vault.vetting.tables import ApplicationDocument, ApplicationRow

MOST: Final = 10
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one document."""
LARGEST_ALL: Final = 16 * 1024 * 1024
"""Bytes of all documents of one application."""
LONGEST_NAME: Final = 120
BEGINS: Final = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""The types that are taken, and how each begins."""
_NEVER: Final = frozenset("/\\<>\"'`:;|")


@dataclass(frozen=True)
class Document:
    """What a document is, without what it holds. ``sha256`` in hexadecimal."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    at: datetime


@dataclass(frozen=True)
class Upload:
    """A document as it comes in."""

    name: str
    media_type: str
    content: bytes


def check_upload(upload: Upload) -> None:
    """Raises Invalid or TooLarge for what is not taken."""
    if len(upload.content) > LARGEST:
        raise TooLarge(f"A document has at most {LARGEST // 1024 // 1024} MiB.")
    begins = BEGINS.get(upload.media_type)
    if begins is None:
        raise Invalid.field("media_type", f"must be one of {', '.join(BEGINS)}")
    if not upload.content.startswith(begins):
        raise Invalid.field("content", "is not what its type says")
    name = upload.name
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or _NEVER & set(name) or name.startswith("."):
        raise Invalid.field("name", f"must be 1 to {LONGEST_NAME} printable characters without any of / \\ : ; | < >")


async def listed(session: Session, application: ApplicationId) -> list[Document]:
    """The documents of an application or a draft, oldest first."""
    chosen = sa.select(ApplicationDocument).where(ApplicationDocument.application_id == application)
    return [_view(row) for row in await session.scalars(chosen.order_by(ApplicationDocument.id))]


async def of_filed(session: Session, application: ApplicationId) -> list[Document]:
    """Those of an application that was handed in: drafts are nobody's but their writer's. Raises NotFound."""
    if await session.get(ApplicationRow, application) is None:
        raise NotFound("There is no such application.")
    return await listed(session, application)


async def add(session: Session, application: ApplicationId, upload: Upload) -> Document:
    """Take a document in. Raises Conflict when there are too many or it is there already; see :func:`check_upload`.

    The caller holds the lock of the draft.
    """
    check_upload(upload)
    held, sha256 = await listed(session, application), digest(upload.content)
    if any(each.sha256 == sha256.hex() for each in held):
        raise Conflict("This document is there already.")
    if len(held) >= MOST or sum(each.size for each in held) + len(upload.content) > LARGEST_ALL:
        limit = f"at most {MOST} documents and {LARGEST_ALL // 1024 // 1024} MiB in all"
        raise Conflict(f"An application has {limit}: remove one first.")
    row = ApplicationDocument(
        application_id=application,
        id=ids.new_uuid(),
        name=upload.name,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=sha256,
        at=session.now,
    )
    row.sealed = ring_seal(session.ring, "evidence", upload.content, _place(row))
    session.add(row)
    await session.flush()
    return _view(row)


async def read(session: Session, application: ApplicationId, document: UUID) -> tuple[Document, bytes]:
    """A document and what it holds. Raises NotFound, CannotOpen and Tampered."""
    chosen = sa.select(ApplicationDocument).where(
        ApplicationDocument.application_id == application, ApplicationDocument.id == document
    )
    row = await session.scalar(chosen.options(undefer(ApplicationDocument.sealed)))
    if row is None:
        raise NotFound("There is no such document.")
    return _view(row), _opened(session.ring, row)


async def remove(session: Session, application: ApplicationId, document: UUID) -> None:
    """Take a document away. Raises NotFound. The caller holds the lock of the draft."""
    await read_row(session, application, document)
    await session.execute(
        sa.delete(ApplicationDocument).where(
            ApplicationDocument.application_id == application, ApplicationDocument.id == document
        )
    )


async def read_row(session: Session, application: ApplicationId, document: UUID) -> Document:
    """What a document is. Raises NotFound."""
    row = await session.get(ApplicationDocument, (application, document))
    if row is None:
        raise NotFound("There is no such document.")
    return _view(row)


async def remove_all(session: Session, applications: list[ApplicationId]) -> None:
    """Take every document of these away."""
    await session.execute(sa.delete(ApplicationDocument).where(ApplicationDocument.application_id.in_(applications)))


def _opened(ring: KeyRing, row: ApplicationDocument) -> bytes:
    content = ring_open(ring, "evidence", row.sealed, _place(row))
    if not same(digest(content), row.sha256):
        raise Tampered(private=f"document {row.id} does not fit its digest")
    return content


def _place(row: ApplicationDocument) -> bytes:
    """What the ciphertext is bound to: where it is, and what is said of it."""
    said = [row.name, row.media_type, row.size, row.sha256.hex()]
    return place("application_documents", [row.application_id, row.id], "sealed", said)


def _view(row: ApplicationDocument) -> Document:
    return Document(row.id, row.name, row.media_type, row.size, row.sha256.hex(), row.at)
