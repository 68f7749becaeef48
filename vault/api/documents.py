"""Documents of applications: handed in and read by whoever has the token, read by officers who vet."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath

from vault import ids
from vault.api.applications import TOKEN, shown_key
from vault.api.description import Extra
from vault.db import Session
from vault.edge.csrf import NO_FORM_TOKEN
from vault.edge.downloads import download
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound
from vault.ids import ApplicationId
from vault.registry import officer
from vault.signin import OFFICER, Holder
from vault.vetting import decisions, documents, drafts
from vault.vetting.documents import Document, Upload

NAME_HEADER: Final = "Document-Name"
_NAME: Final = {NAME_HEADER: "The file's name, percent-encoded UTF-8 where it has more than ASCII."}
_MEDIA: Final = tuple(documents.BEGINS)


class DocumentView(msgspec.Struct, frozen=True):
    """What a document is. ``size`` in bytes, ``sha256`` in hexadecimal."""

    document: str
    name: str
    media_type: str
    size: int
    sha256: str
    at: datetime


class DocumentListing(msgspec.Struct, frozen=True):
    """Oldest first."""

    documents: list[DocumentView]


@get(
    "/v1/applications/{application:str}/documents",
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def list_documents(request: VaultRequest, application: FromPath[str]) -> DocumentListing:
    """The documents handed in so far."""
    found = await request.doors.database.run(drafts.read, shown_key(request, application))
    return DocumentListing([document_view(each) for each in found.documents])


@post(
    "/v1/applications/{application:str}/documents",
    status_code=201,
    opt=NO_FORM_TOKEN | {"extra": Extra(raw=_MEDIA, headers=TOKEN | _NAME)},
    request_max_body_size=documents.LARGEST,
    tags=["requesters"],
)
async def add_document(request: VaultRequest, application: FromPath[str]) -> DocumentView:
    """Hand in evidence of security: the bytes of one PDF, PNG or JPEG, at most 4 MiB."""
    key = shown_key(request, application)
    await request.doors.database.run(drafts.check, key)  # before a stranger's megabytes are read
    upload = Upload(_name(request), request.content_type[0], await request.body())
    return document_view(await request.doors.database.run(drafts.add_document, key, upload))


@get(
    "/v1/applications/{application:str}/documents/{document:str}",
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN, media_type="application/octet-stream")},
    tags=["requesters"],
)
async def read_document(request: VaultRequest, application: FromPath[str], document: FromPath[str]) -> Response[bytes]:
    """One of one's own documents."""
    key = shown_key(request, application)
    found, content = await request.doors.database.run(drafts.document, key, ids.parse(ids.DOCUMENT, document))
    return download(content, found.name, found.media_type)


@delete(
    "/v1/applications/{application:str}/documents/{document:str}",
    status_code=204,
    opt=NO_FORM_TOKEN | {"extra": Extra(headers=TOKEN)},
    tags=["requesters"],
)
async def remove_document(request: VaultRequest, application: FromPath[str], document: FromPath[str]) -> None:
    """Take a document away again. Refused once the application was handed in."""
    key = shown_key(request, application)
    await request.doors.database.run(drafts.remove_document, key, ids.parse(ids.DOCUMENT, document))


@get("/v1/desk/applications/{application:str}/documents", tags=["desk"])
async def list_documents_at_desk(request: VaultRequest, application: FromPath[str]) -> DocumentListing:
    """The documents of an application that was handed in. Takes the role vetting."""
    application_id = ApplicationId(ids.parse(ids.APPLICATION, application))
    found = await request.as_holder(OFFICER, _listed, application_id)
    return DocumentListing([document_view(each) for each in found])


@get(
    "/v1/desk/applications/{application:str}/documents/{document:str}",
    opt={"extra": Extra(media_type="application/octet-stream")},
    tags=["desk"],
)
async def read_document_at_desk(
    request: VaultRequest, application: FromPath[str], document: FromPath[str]
) -> Response[bytes]:
    """One document of an application that was handed in. Takes the role vetting."""
    application_id = ApplicationId(ids.parse(ids.APPLICATION, application))
    found, content = await request.as_holder(OFFICER, _read, application_id, ids.parse(ids.DOCUMENT, document))
    return download(content, found.name, found.media_type)


def document_view(document: Document) -> DocumentView:
    """A document as it is told of."""
    return DocumentView(
        document=ids.public(ids.DOCUMENT, document.id),
        name=document.name,
        media_type=document.media_type,
        size=document.size,
        sha256=document.sha256,
        at=document.at,
    )


async def _listed(session: Session, holder: Holder, application: ApplicationId) -> list[Document]:
    await officer(session, holder, decisions.ROLE)
    return await documents.of_filed(session, application)


async def _read(session: Session, holder: Holder, application: ApplicationId, document: UUID) -> tuple[Document, bytes]:
    known = {each.id for each in await _listed(session, holder, application)}
    if document not in known:
        raise NotFound("There is no such document.")
    return await documents.read(session, application, document)


def _name(request: VaultRequest) -> str:
    try:
        return unquote_to_bytes(request.headers.get(NAME_HEADER, "")[:500]).decode()
    except UnicodeDecodeError:
        raise Invalid.field(NAME_HEADER, "must be percent-encoded UTF-8") from None


HANDLERS: Final[list[Any]] = [
    list_documents,
    add_document,
    read_document,
    remove_document,
    list_documents_at_desk,
    read_document_at_desk,
]
