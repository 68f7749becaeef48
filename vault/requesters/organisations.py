"""Who applies: the organisation, the people who answer for it, and where persons turn. Pure.

Members follow the register entry of the EU's relying parties (TS5: supervisory authority, policies, contacts) and
PIPL art. 17 (who processes, how to reach them). Shape, types and lengths are held by the structs;
:func:`problems` finds the rest.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from vault.requesters import redirects
from vault.requesters.uscc import why_not_uscc

SHORTEST_EMAIL: Final = 6
MOST_PERSONS: Final = 8
MOST_POLICIES: Final = 12
MOST_EVIDENCE: Final = 10
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")

OrganisationName = Annotated[str, msgspec.Meta(min_length=2, max_length=120)]
PersonName = Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
RoleName = Annotated[str, msgspec.Meta(min_length=2, max_length=80)]
Email = Annotated[str, msgspec.Meta(min_length=SHORTEST_EMAIL, max_length=254)]
Address = Annotated[str, msgspec.Meta(min_length=1, max_length=redirects.LONGEST)]
Statement = Annotated[str, msgspec.Meta(min_length=10, max_length=1000)]
FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""SHA-256 in lower-case hexadecimal."""
PolicyKind = Literal["privacy", "retention", "security", "minors", "terms", "other"]


class Name(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name as the certificate of the organisation has it, and in English."""

    en: OrganisationName
    zh_cn: OrganisationName = msgspec.field(name="zh-CN")


class ResponsiblePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who answers for what the organisation does with the data, by name (PIPL art. 52)."""

    name: PersonName
    role: RoleName
    email: Email


class Mailbox(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where people write to (PIPL art. 17 and 50)."""

    email: Email


class Authority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The supervising authority a person may turn to (TS5 SupervisoryAuthority)."""

    name: Name
    contact: Mailbox


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A published policy; ``sha256`` is of the bytes at the address, so that a later change shows."""

    kind: PolicyKind
    url: Address
    sha256: Sha256


class StaffTraining(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """That the staff was trained in handling personal information (PIPL art. 51): what, and when.

    ``until`` is missing when it took place on one day.
    """

    text: Statement
    from_: date
    until: date | None = None


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document about security, by name and digest."""

    name: FileName
    sha256: Sha256


class Organisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who applies. ``uscc``: unified social credit code, GB 32100-2015."""

    name: Name
    uscc: Annotated[str, msgspec.Meta(max_length=32)]
    responsible_persons: Annotated[list[ResponsiblePerson], msgspec.Meta(min_length=1, max_length=MOST_PERSONS)]
    privacy_contact: Mailbox
    complaint_contact: Mailbox
    deletion_contact: Mailbox
    supervising_authority: Authority
    policies: Annotated[list[Policy], msgspec.Meta(min_length=1, max_length=MOST_POLICIES)]
    staff_training: StaffTraining
    security_evidence: Annotated[list[Evidence], msgspec.Meta(max_length=MOST_EVIDENCE)] = []

    def policy_url(self) -> str:
        """The address of the privacy policy."""
        return next((policy.url for policy in self.policies if policy.kind == "privacy"), self.policies[0].url)


def public_contact(organisation: Organisation) -> dict[str, Any]:
    """What the register keeps of it: contacts, authority, policies, and the names of the responsible persons, who may
    not decide about it as officers."""
    kept = ("privacy_contact", "complaint_contact", "deletion_contact", "supervising_authority", "policies")
    held = {name: msgspec.to_builtins(getattr(organisation, name)) for name in kept}
    named = [person.name for person in organisation.responsible_persons]
    return {**held, "policy_url": organisation.policy_url(), "responsible_persons": named}


def problems(organisation: Organisation) -> Iterator[tuple[str, str]]:
    """Everything wrong with it beyond its shape: (path below the organisation, why)."""
    if why := why_not_uscc(organisation.uscc):
        yield "uscc", why
    for where, email in _addresses(organisation):
        if not is_email(email):
            yield where, "must be a mail address such as privacy@example.com"
    yield from _policies(organisation)
    training = organisation.staff_training
    if training.until is not None and training.until < training.from_:
        yield "staff_training.until", "must not be before the day on which it began"
    digests = [each.sha256 for each in organisation.security_evidence]
    for index, sha256 in enumerate(digests):
        if sha256 in digests[:index]:
            yield f"security_evidence[{index}].sha256", "is listed twice"


def is_email(text: str) -> bool:
    """Whether it is a plain mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_page(url: str) -> bool:
    """Whether it is the https address of a page."""
    return redirects.why_not_redirect_uri(url) is None and urlsplit(url).scheme == "https"


def _addresses(organisation: Organisation) -> Iterator[tuple[str, str]]:
    for index, person in enumerate(organisation.responsible_persons):
        yield f"responsible_persons[{index}].email", person.email
    for name in ("privacy_contact", "complaint_contact", "deletion_contact"):
        mailbox: Mailbox = getattr(organisation, name)
        yield f"{name}.email", mailbox.email
    yield "supervising_authority.contact.email", organisation.supervising_authority.contact.email


def _policies(organisation: Organisation) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for index, policy in enumerate(organisation.policies):
        if not is_page(policy.url):
            yield f"policies[{index}].url", "must be an https address of a page, without a user"
        if policy.url in seen:
            yield f"policies[{index}].url", "is listed twice"
        seen.add(policy.url)
    if not any(policy.kind == "privacy" for policy in organisation.policies):
        yield "policies", "must hold a policy of the kind privacy"


def upgraded(body: dict[str, Any]) -> dict[str, Any]:
    """An organisation as it was stored before applications asked for more, with what it lacks filled in."""
    if "contact" not in body:
        return body
    held = {name: value for name, value in body.items() if name not in {"contact", "policy_url"}}
    mailbox, unknown = body["privacy_contact"], {"en": "Not stated", "zh-CN": "未说明"}
    return {
        **held,
        "responsible_persons": [{**body["contact"], "role": "contact"}],
        "complaint_contact": mailbox,
        "deletion_contact": mailbox,
        "supervising_authority": {"name": unknown, "contact": mailbox},
        "policies": [{"kind": "privacy", "url": body["policy_url"], "sha256": "0" * 64}],
        "staff_training": {"text": "Not stated.", "from": "1970-01-01", "until": None},
    }
