"""The catalogue, and a person's own sections: versions are ETags (RFC 9110 section 13)."""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Response, get, put
from litestar.params import FromPath

from vault import consent
from vault.api.description import Extra
from vault.db import Session
from vault.edge.request import VaultRequest
from vault.errors import Invalid, NotFound, PreconditionRequired
from vault.ids import PersonId
from vault.profile import sections
from vault.profile.catalogue import catalogue
from vault.profile.shapes import Labels
from vault.signin import PERSON, Holder

_ETAG: Final = re.compile(r'"([1-9][0-9]{0,9})"')
_MOST_VERSIONS: Final = 2**31 - 1
_TAGGED: Final = {"ETag": "The version."}
_READ: Final = {"extra": Extra(answer_headers=_TAGGED, refusals=(422,))}


class SectionSummary(msgspec.Struct, frozen=True):
    """A section that has something in it; ``version`` is its ETag."""

    section: str
    version: int
    written_at: datetime


class SectionListing(msgspec.Struct, frozen=True):
    """In the catalogue's order."""

    sections: list[SectionSummary]


class SectionVersions(msgspec.Struct, frozen=True):
    """Newest first."""

    section: str
    versions: list[SectionSummary]


class SectionDocument(msgspec.Struct, frozen=True):
    """One version, opened. ``document`` is {field: value} after the catalogue."""

    section: str
    version: int
    written_at: datetime
    document: dict[str, Any]


class SectionWritten(msgspec.Struct, frozen=True):
    """The new version."""

    section: str
    version: int


_WRITE: Final = Extra(
    body=dict[str, Any],
    conditions={
        "If-Match": "The ETag of the version this replaces.",
        "If-None-Match": "* where there is no version yet; one of the two is needed.",
    },
    schemas={"If-Match": {"pattern": f"^{_ETAG.pattern}$"}, "If-None-Match": {"const": "*"}},
    refusals=(412, 428),
    answer_headers=_TAGGED,
    answers={201: ("The first version was written.", SectionWritten)},
)


class LabelRule(msgspec.Struct, frozen=True):
    """One word of a list: ``from`` a number on, or for one of ``values``; with neither, for whatever is left."""

    name: str
    text: dict[str, str]
    least: int | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="from")
    values: list[str] | msgspec.UnsetType = msgspec.UNSET


class CatalogueField(msgspec.Struct, frozen=True):
    """One field: what it is called in declarations and releases, its JSON Schema, the forms it may leave in.

    ``labels``: the published lists behind its forms ``label:NAME``; the first rule that applies names the word.
    """

    item: str
    label: dict[str, str]
    description: dict[str, str]
    sensitivity: str
    forms: list[str]
    schema: dict[str, Any]
    labels: dict[str, list[LabelRule]]


class CatalogueSection(msgspec.Struct, frozen=True):
    """One section with its fields by name."""

    label: dict[str, str]
    description: dict[str, str]
    fields: dict[str, CatalogueField]


class CatalogueView(msgspec.Struct, frozen=True):
    """The catalogue: the outermost of the subsets."""

    version: int
    sections: dict[str, CatalogueSection]


@get("/v1/catalogue", tags=["entering"])
async def read_catalogue() -> CatalogueView:
    """Every section and field there is, with schema, sensitivity class and forms."""
    known = catalogue()
    return CatalogueView(
        version=known.version,
        sections={
            name: CatalogueSection(
                label=dict(section.label),
                description=dict(section.description),
                fields={
                    field.name: CatalogueField(
                        item=field.item,
                        label=dict(field.label),
                        description=dict(field.description),
                        sensitivity=field.sensitivity,
                        forms=list(field.forms),
                        schema=dict(field.schema),
                        labels={name: _rules(form) for name, form in field.forms.items() if isinstance(form, Labels)},
                    )
                    for field in section.fields.values()
                },
            )
            for name, section in known.sections.items()
        },
    )


def _rules(form: Labels) -> list[LabelRule]:
    return [
        LabelRule(
            name=rule.name,
            text=dict(rule.text),
            least=msgspec.UNSET if rule.least is None else rule.least,
            values=list(rule.values) or msgspec.UNSET,
        )
        for rule in form.rules
    ]


@get("/v1/me/sections", tags=["profile"])
async def list_sections(request: VaultRequest) -> SectionListing:
    """Which sections have something in them."""
    found = await request.as_holder(PERSON, _listing)
    return SectionListing([_summary(each) for each in found])


@get("/v1/me/sections/{section:str}", tags=["profile"], opt=_READ)
async def read_section(request: VaultRequest, section: FromPath[str]) -> Response[SectionDocument]:
    """The current version of one's own section; the ETag header names it."""
    return _document(await request.as_holder(PERSON, sections.read, section))


@put("/v1/me/sections/{section:str}", tags=["profile"], opt={"extra": _WRITE})
async def write_section(request: VaultRequest, section: FromPath[str]) -> Response[SectionWritten]:
    """Write the whole section. If-Match names the version it replaces; If-None-Match: * creates it."""
    expected = _expected(request)
    document = await request.parsed(dict[str, Any])
    number = await request.as_holder(PERSON, consent.write_section, section, document, expected=expected)
    status = 201 if expected is None else 200
    return Response(SectionWritten(section, number), status_code=status, headers={"ETag": f'"{number}"'})


@get("/v1/me/sections/{section:str}/versions", tags=["profile"], opt={"extra": Extra(refusals=(422,))})
async def list_versions(request: VaultRequest, section: FromPath[str]) -> SectionVersions:
    """Every version of one's own section."""
    found = await request.as_holder(PERSON, _history, section)
    return SectionVersions(section, [_summary(each) for each in found])


@get("/v1/me/sections/{section:str}/versions/{number:int}", tags=["profile"], opt=_READ)
async def read_version(
    request: VaultRequest, section: FromPath[str], number: FromPath[int]
) -> Response[SectionDocument]:
    """One version of one's own section."""
    if not 1 <= number <= _MOST_VERSIONS:
        raise NotFound("There is no such version.")
    return _document(await request.as_holder(PERSON, sections.read, section, number))


async def _listing(session: Session, holder: Holder) -> list[sections.Written]:
    return await sections.listing(session, PersonId(holder.id))


async def _history(session: Session, holder: Holder, section: str) -> list[sections.Written]:
    return await sections.history(session, PersonId(holder.id), section)


def _summary(written: sections.Written) -> SectionSummary:
    return SectionSummary(written.section, written.number, written.written_at)


def _document(found: sections.Section) -> Response[SectionDocument]:
    body = SectionDocument(found.section, found.number, found.written_at, found.document)
    return Response(body, headers={"ETag": f'"{found.number}"'})


def _expected(request: VaultRequest) -> int | None:
    """The version to be replaced, None for none yet. Raises PreconditionRequired (RFC 6585), Invalid."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none_match == "*" and match is None:
        return None
    if match is None:
        raise PreconditionRequired
    found = _ETAG.fullmatch(match)
    if found is None or none_match is not None:
        raise Invalid.field("If-Match", 'must be one ETag as it was given, for example "3"')
    return int(found[1])
