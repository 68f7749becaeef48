"""What an application that is still being written lacks: by field, with what to do about it. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from vault.requesters.applications import (
    Application,
    ClientKeys,
    hidden_characters,
    problems_of_client,
    problems_of_declaration,
    problems_of_organisation,
)
from vault.requesters.bounds import Bounds
from vault.requesters.declarations import Declaration
from vault.requesters.declaring import Catalogue, Problem
from vault.requesters.organisations import SHORTEST_EMAIL, Organisation, is_email
from vault.requesters.shape import MISSING, UNKNOWN, shape_problems
from vault.requesters.uscc import why_not_uscc

PARTS: Final = {"organisation": Organisation, "client": ClientKeys, "declaration": Declaration}
WHAT_TO_DO: Final = {
    "organisation.name": "the name as the organisation's certificate has it, and in English",
    "organisation.uscc": "the unified social credit code, 18 characters",
    "organisation.responsible_persons": "at least one person who answers for the processing, by name",
    "organisation.privacy_contact": "where people ask about their data",
    "organisation.complaint_contact": "where people complain",
    "organisation.deletion_contact": "where people have copies deleted",
    "organisation.supervising_authority": "which authority supervises the organisation, and its address",
    "organisation.policies": "the privacy policy at least: its address, and the SHA-256 of what is there",
    "organisation.staff_training": "what the staff learned about personal information, and when",
    "organisation.security_evidence": "upload at least one document about security: vetting asks for it",
    "client.redirect_uris": "the addresses that people come back to",
    "client.jwks": "the public keys that the client signs with, as a JSON Web Key Set",
    "declaration.purpose": "a purpose of the published list, and in your own words",
    "declaration.legal_basis": "consent: nothing leaves the vault otherwise",
    "declaration.items": "which items are needed, in which forms, and why each of them",
    "declaration.collection": "whether the items are collected once or repeatedly",
    "declaration.longest_duration_days": "for how many days at most somebody's consent lasts",
    "declaration.frequency": "how often at most, per hour or per day",
    "declaration.retention_days": "for how many days the data is kept",
    "declaration.consequence_of_refusal": "what happens when somebody says no",
    "declaration.recipients": "whom the data is passed on to; an empty list says: nobody",
    "declaration.storage": "where the data is kept",
    "declaration.cross_border": "what leaves the country; null says: nothing",
}


@dataclass(frozen=True)
class Lack:
    """``field`` lacks something or is wrong; ``todo`` says what belongs there, where that is known. With ``blocks``
    it cannot be handed in so; without, vetting will ask for it."""

    field: str
    why: str
    todo: str
    blocks: bool = True


def lacks(body: dict[str, Any], catalogue: Catalogue, bounds: Bounds, evidence: Iterable[str]) -> list[Lack]:
    """Everything between this body and an application. ``evidence``: the digests of the documents handed in."""
    found = [*hidden_characters("", body)]
    for part, kind in PARTS.items():
        wrong = list(shape_problems(body.get(part, {}), kind, part))
        found += wrong or _beyond(part, msgspec.convert(body[part], kind), catalogue, bounds)
        found += _early(part, body.get(part)) if wrong else []
    digests = set(evidence)
    found += _not_uploaded(body, digests)
    listed = [Lack(field, why, todo(field)) for field, why in found]
    if not digests:
        field = "organisation.security_evidence"
        listed.append(Lack(field, MISSING, todo(field), blocks=False))
    return listed


def unknown_members(body: dict[str, Any]) -> list[Problem]:
    """What can never be part of an application, however it is completed."""
    found = [("application", f"{UNKNOWN} {str(name)[:60]}") for name in body if name not in PARTS]
    for part, kind in PARTS.items():
        found += [(where, why) for where, why in shape_problems(body.get(part, {}), kind, part) if UNKNOWN in why]
    return found


def todo(field: str) -> str:
    """What belongs into a field, or into what it is part of."""
    known = [name for name in WHAT_TO_DO if field == name or field.startswith((f"{name}.", f"{name}["))]
    return WHAT_TO_DO[known[0]] if known else ""


def _beyond(part: str, value: Any, catalogue: Catalogue, bounds: Bounds) -> list[Problem]:
    checks: dict[str, Callable[[], Iterator[Problem]]] = {
        "organisation": lambda: problems_of_organisation(value),
        "client": lambda: problems_of_client(value),
        "declaration": lambda: problems_of_declaration(value, catalogue, bounds),
    }
    return list(checks[part]())


def _early(part: str, value: Any) -> Iterator[Problem]:
    """What can be said of a part although some of it is not of the shape yet: the code, and every mail address."""
    if part != "organisation" or not isinstance(value, dict):
        return
    uscc = value.get("uscc")
    if isinstance(uscc, str) and uscc and (why := why_not_uscc(uscc)):
        yield "organisation.uscc", why
    for where, text in _mailboxes(part, value):
        if len(text) >= SHORTEST_EMAIL and not is_email(text):
            yield where, "must be a mail address such as privacy@example.com"


def _mailboxes(where: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "email" and isinstance(inner, str):
                yield f"{where}.email", inner
            else:
                yield from _mailboxes(f"{where}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _mailboxes(f"{where}[{index}]", inner)


def _not_uploaded(body: dict[str, Any], digests: set[str]) -> Iterator[Problem]:
    organisation = body.get("organisation")
    named = organisation.get("security_evidence") if isinstance(organisation, dict) else None
    for index, each in enumerate(named if isinstance(named, list) else []):
        if not isinstance(each, dict) or each.get("sha256") not in digests:
            yield f"organisation.security_evidence[{index}]", "is not the digest of a document that was uploaded"


def with_evidence(body: dict[str, Any], evidence: list[dict[str, str]]) -> dict[str, Any]:
    """The body as it is handed in: the documents that were uploaded, and no others."""
    return {**body, "organisation": {**body["organisation"], "security_evidence": evidence}}


def complete(body: dict[str, Any]) -> Application:
    """The application behind a body that lacks nothing."""
    return msgspec.convert(body, Application)
