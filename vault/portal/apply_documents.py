"""The page of an application's documents."""

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import ids
from vault.edge.downloads import download
from vault.edge.request import VaultRequest
from vault.errors import Conflict, Invalid, NotFound, TooLarge, TooMany, Unavailable
from vault.portal.applying import document_row, held, key_of, told
from vault.portal.forms import read_form, wrong_fields
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.vetting import documents, drafts
from vault.vetting.documents import Upload
from vault.vetting.drafts import DraftView

ROOM = 64 * 1024
"""Bytes of a form besides its file."""


@get("/apply/documents")
async def documents_page(request: VaultRequest) -> Template | Redirect:
    """The documents of a draft, and a form for another one."""
    view = await held(request)
    if view is None or not view.is_open:
        return see_other("/apply/form")
    return _documents(request, view)


@post("/apply/documents", status_code=200, request_max_body_size=documents.LARGEST + ROOM)
async def add_document(request: VaultRequest) -> Template | Redirect:
    """Take a file in."""
    view, key = await held(request), key_of(request)
    if view is None or key is None or not view.is_open:
        return see_other("/apply/form")
    file = (await request.form()).get("document")
    if not isinstance(file, UploadFile) or not file.filename:
        return _documents(request, view, wrong={"document": language_of(request).gettext("Choose a file first.")})
    upload = Upload(file.filename, file.content_type, await file.read())
    try:
        await request.doors.database.run(drafts.add_document, key, upload)
    except Invalid as error:
        said = "; ".join(reasons(language_of(request), wrong_fields(error)).values())
        return _documents(request, view, wrong={"document": said})
    except (Conflict, TooLarge, TooMany, Unavailable) as error:
        return _documents(request, view, wrong={"document": language_of(request).gettext(error.public)})
    return see_other("/apply/documents?done=added")


@get("/apply/documents/{document:str}")
async def read_document(request: VaultRequest, document: FromPath[str]) -> Response[bytes]:
    """One of one's own documents, to be saved."""
    key = key_of(request)
    if key is None:
        raise NotFound
    found, content = await request.doors.database.run(drafts.document, key, ids.parse(ids.DOCUMENT, document))
    return download(content, found.name, found.media_type)


@post("/apply/documents/{document:str}/remove", status_code=303)
async def remove_document(request: VaultRequest, document: FromPath[str]) -> Redirect:
    """Take a document away again."""
    await read_form(request)
    key = key_of(request)
    if key is None:
        raise NotFound
    await request.doors.database.run(drafts.remove_document, key, ids.parse(ids.DOCUMENT, document))
    return see_other("/apply/documents?done=removed")


def _documents(request: VaultRequest, view: DraftView, *, wrong: dict[str, str] | None = None) -> Template:
    return page(
        request,
        "apply/documents",
        status=422 if wrong else 200,
        done=told(request, language_of(request)),
        wrong=wrong or {},
        documents=[document_row(each) for each in view.documents],
        most=documents.MOST,
        mebibytes=documents.LARGEST // 1024 // 1024,
    )
