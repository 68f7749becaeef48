"""A person's own pages: home and sections."""

from dataclasses import dataclass, field
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from vault import consent
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound, PreconditionFailed
from vault.ids import PersonId
from vault.portal.fields import controls, document_of, labels
from vault.portal.forms import Form, read_form, wrong_fields
from vault.portal.languages import Language
from vault.portal.pages import language_of, page, see_other
from vault.portal.reasons import reasons
from vault.portal.words import said_of, word
from vault.profile import attestations, sections
from vault.profile.catalogue import SectionKind, catalogue
from vault.signin import PERSON, Holder


@get("/sections/{section:str}")
async def section_page(request: VaultRequest, section: FromPath[str]) -> Template:
    """One section: its current or an earlier version, or the form for changing it."""
    kind, spoken = catalogue().section(section), language_of(request)
    if request.query_params.get("edit"):
        found = await request.as_holder(PERSON, _opened, section, None)
        document, number = (found.document, found.number) if found else ({}, 0)
        return _form(request, kind, _Draft(document, str(number or "")), spoken)
    return page(
        request,
        "person/section",
        realm=PERSON,
        words=lambda code: word(spoken, code),
        said=lambda value: said_of(spoken, value),
        done=spoken.gettext("Saved.") if request.query_params.get("done") else "",
        **await request.as_holder(PERSON, _shown, kind, number=_wanted(request), spoken=spoken),
    )


@post("/sections/{section:str}", status_code=200)
async def write_section(request: VaultRequest, section: FromPath[str]) -> Template | Redirect:
    """Save a section as a new version; what is wrong is said beside the field."""
    kind, form = catalogue().section(section), await read_form(request)
    spoken = form.language or language_of(request)
    document = document_of(kind, form.names(), form.text)
    expected = form.text("expected")
    if form.language or form.text("more"):
        return _form(request, kind, _Draft(document, expected, form), spoken)
    try:
        number = int(expected) if expected.isascii() and expected.isdigit() else None
        await request.as_holder(PERSON, consent.write_section, section, document, expected=number)
    except PreconditionFailed as error:
        told = (
            spoken.gettext(error.title)
            + " "
            + spoken.gettext(
                "Your changes are still in the form below. Open the section in another window, compare, and save again."
            )
        )
        current = await request.as_holder(PERSON, _opened, section, None)
        now = str(current.number) if current else ""
        return _form(request, kind, _Draft(document, now, problem=told, status=412), spoken)
    except Invalid as error:
        wrong = reasons(spoken, wrong_fields(error))
        problem = "" if wrong else spoken.gettext(error.public)
        return _form(request, kind, _Draft(document, expected, wrong=wrong, problem=problem, status=422), spoken)
    return see_other(f"/sections/{kind.name}?done=saved")


def _wanted(request: VaultRequest) -> int | None:
    text = request.query_params.get("version", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= len(text) <= 9:
        raise NotFound("There is no such version.")
    return int(text)


async def _opened(session: Session, holder: Holder, section: str, number: int | None) -> sections.Section | None:
    try:
        return await sections.read(session, holder, section, number)
    except NotFound:
        if number is not None:
            raise
        return None


async def _shown(
    session: Session, holder: Holder, kind: SectionKind, *, number: int | None, spoken: Language
) -> dict[str, Any]:
    found = await _opened(session, holder, kind.name, number)
    document = found.document if found else {}
    proofs = await attestations.of_section(session, holder, kind.name, document) if document else {}
    return {
        "section": _head(kind, spoken),
        "number": found.number if found else 0,
        "fields": [
            {
                "label": spoken.pick(each.label),
                "sensitive": each.is_sensitive,
                "value": document[each.name],
                "attested": proofs.get(each.item),
            }
            for each in kind.fields.values()
            if each.name in document
        ],
        "versions": await sections.history(session, PersonId(holder.id), kind.name),
    }


def _head(kind: SectionKind, spoken: Language) -> dict[str, str]:
    return {"name": kind.name, "label": spoken.pick(kind.label), "description": spoken.pick(kind.description)}


@dataclass(frozen=True)
class _Draft:
    """What is in the form for changing a section: a document, the version it replaces, what is wrong with it."""

    document: dict[str, Any]
    expected: str
    form: Form | None = None
    wrong: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    status: int = 200


def _form(request: VaultRequest, kind: SectionKind, draft: _Draft, spoken: Language) -> Template:
    groups = controls(kind, draft.document, spoken, draft.form.text("more") if draft.form else "")
    return page(
        request,
        "person/section_edit",
        language=draft.form.language if draft.form else None,
        status=draft.status,
        realm=PERSON,
        page_form=True,
        section=_head(kind, spoken),
        groups=groups,
        labels=labels(groups),
        expected=draft.expected,
        wrong=draft.wrong,
        problem=draft.problem,
    )
