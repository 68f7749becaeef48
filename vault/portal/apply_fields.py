"""The form of an application, as data: which input stands on which page and which member of the body it writes."""

from dataclasses import dataclass
from typing import Final, Literal

from vault.portal.languages import N_

Kind = Literal["text", "area", "whole", "date", "choice", "lines", "json", "items"]
ROWS: Final = 2
"""Rows a list shows at least, when it has room for them."""


@dataclass(frozen=True)
class Input:
    """One input. ``path``: the member it writes, below the list's row where it stands in one. ``choices``: values and
    their names; an empty one is offered beside them."""

    path: str
    label: str
    kind: Kind = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    most: int = 400


@dataclass(frozen=True)
class Group:
    """Inputs that belong together. ``repeated``: the list they make rows of, ``most``: its longest."""

    title: str
    inputs: tuple[Input, ...]
    repeated: str = ""
    most: int = 0
    hint: str = ""


@dataclass(frozen=True)
class Part:
    """One page of the form. ``covers``: the members that it speaks of, for the list of what is missing."""

    name: str
    title: str
    lede: str
    covers: tuple[str, ...]
    groups: tuple[Group, ...] = ()


def _both(path: str, chinese: str, english: str, kind: Kind = "text") -> tuple[Input, Input]:
    return Input(f"{path}.zh-CN", chinese, kind), Input(f"{path}.en", english, kind)


_POLICIES: Final = (
    ("privacy", N_("privacy")),
    ("retention", N_("retention")),
    ("security", N_("security")),
    ("minors", N_("minors")),
    ("terms", N_("terms of use")),
    ("other", N_("other")),
)
_NAME: Final = (N_("Name in Chinese"), N_("Name in English"))
_WHY: Final = (N_("Why, in Chinese"), N_("Why, in English"))
_ORGANISATION: Final = Part(
    "organisation",
    N_("Organisation"),
    N_("Who applies, and who supervises it."),
    ("organisation.name", "organisation.uscc", "organisation.supervising_authority", "organisation.staff_training"),
    (
        Group(
            N_("The organisation"),
            (
                *_both("organisation.name", *_NAME),
                Input("organisation.uscc", N_("Credit code"), hint=N_("18 characters, as on the business licence.")),
            ),
        ),
        Group(
            N_("Supervised by"),
            (
                *_both("organisation.supervising_authority.name", *_NAME),
                Input("organisation.supervising_authority.contact.email", N_("Its mail address")),
            ),
        ),
        Group(
            N_("Training of its staff"),
            (
                Input("organisation.staff_training.text", N_("What was taught, and to whom"), "area", most=1000),
                Input("organisation.staff_training.from", N_("From"), "date"),
                Input("organisation.staff_training.until", N_("Until"), "date", hint=N_("Empty when it was one day.")),
            ),
        ),
    ),
)
_PEOPLE: Final = Part(
    "people",
    N_("People and contacts"),
    N_("Who answers for the processing, and where people turn."),
    (
        "organisation.responsible_persons",
        "organisation.privacy_contact",
        "organisation.complaint_contact",
        "organisation.deletion_contact",
        "organisation.policies",
    ),
    (
        Group(
            N_("Responsible persons"),
            (Input("name", N_("Name")), Input("role", N_("Role")), Input("email", N_("Mail address"))),
            repeated="organisation.responsible_persons",
            most=8,
        ),
        Group(
            N_("Contacts"),
            (
                Input("organisation.privacy_contact.email", N_("For questions about data")),
                Input("organisation.complaint_contact.email", N_("For complaints")),
                Input("organisation.deletion_contact.email", N_("To have copies deleted")),
            ),
        ),
        Group(
            N_("Policies"),
            (
                Input("kind", N_("Kind"), "choice", choices=_POLICIES),
                Input("url", N_("Address"), most=512),
                Input("sha256", N_("SHA-256 of what is at the address"), most=64),
            ),
            repeated="organisation.policies",
            most=12,
            hint=N_("The privacy policy at least. The digest shows everybody when the page changes."),
        ),
    ),
)
_CLIENT: Final = Part(
    "client",
    N_("Connection"),
    N_("What your software needs: where people come back to, and its public keys. Never send a private key."),
    ("client",),
    (
        Group(
            N_("The OAuth client"),
            (
                Input("client.redirect_uris", N_("Return addresses"), "lines", hint=N_("One a line.")),
                Input("client.jwks", N_("Public keys"), "json", hint=N_("A JSON Web Key Set (RFC 7517).")),
            ),
        ),
    ),
)
_PURPOSE: Final = Part(
    "purpose",
    N_("Purpose and limits"),
    N_("What the data is for, how often, for how long. The registry's bounds hold for each purpose."),
    (
        "declaration.purpose",
        "declaration.legal_basis",
        "declaration.collection",
        "declaration.longest_duration_days",
        "declaration.frequency",
        "declaration.max_uses",
        "declaration.retention_days",
        "declaration.consequence_of_refusal",
    ),
    (
        Group(
            N_("Purpose"),
            (
                Input("declaration.purpose.code", N_("Purpose of the list"), "choice"),
                *_both(
                    "declaration.purpose.text", N_("In your words, in Chinese"), N_("In your words, in English"), "area"
                ),
                Input(
                    "declaration.legal_basis",
                    N_("Legal basis"),
                    "choice",
                    choices=(("consent", N_("consent of the person (PIPL art. 13, 1)")),),
                ),
                *_both(
                    "declaration.consequence_of_refusal",
                    N_("What happens when somebody says no, in Chinese"),
                    N_("What happens when somebody says no, in English"),
                    "area",
                ),
            ),
        ),
        Group(
            N_("Limits"),
            (
                Input(
                    "declaration.collection",
                    N_("Collected"),
                    "choice",
                    choices=(("one_time", N_("once")), ("periodic", N_("repeatedly"))),
                ),
                Input("declaration.frequency.count", N_("How often at most"), "whole"),
                Input(
                    "declaration.frequency.per",
                    N_("Within"),
                    "choice",
                    choices=(("hour", N_("an hour")), ("day", N_("a day"))),
                ),
                Input("declaration.max_uses", N_("In all at most"), "whole", hint=N_("1 when it is collected once.")),
                Input("declaration.longest_duration_days", N_("A consent lasts at most, in days"), "whole"),
                Input("declaration.retention_days", N_("The data is kept for, in days"), "whole"),
            ),
        ),
    ),
)
_ITEMS: Final = Part(
    "items",
    N_("Items"),
    N_("Which items are needed, in which forms, and why. Ask for the least that serves the purpose."),
    ("declaration.items",),
)
_HANDLING: Final = Part(
    "handling",
    N_("Storage and passing on"),
    N_("Where the data is kept, who else receives it, and what leaves the country."),
    ("declaration.storage", "declaration.recipients", "declaration.cross_border"),
    (
        Group(
            N_("Storage"),
            (
                Input("declaration.storage.country", N_("Country"), hint=N_("Two letters, for example CN.")),
                *_both("declaration.storage.place", N_("Place, in Chinese"), N_("Place, in English")),
            ),
        ),
        Group(
            N_("Passing on"),
            (
                *_both("name", *_NAME),
                Input("contact", N_("Its mail address")),
                Input("items", N_("Items"), "items", hint=N_("One a line, for example identity.name.")),
                *_both("why", *_WHY, kind="area"),
            ),
            repeated="declaration.recipients",
            most=16,
            hint=N_("Leave empty when nobody else receives anything."),
        ),
        Group(
            N_("Leaving the country"),
            (
                Input("declaration.cross_border.country", N_("Country"), hint=N_("Empty when nothing leaves.")),
                *_both("declaration.cross_border.recipient", *_NAME),
                Input("declaration.cross_border.contact", N_("Its mail address")),
                Input(
                    "declaration.cross_border.basis",
                    N_("Basis"),
                    "choice",
                    choices=(
                        ("security_assessment", N_("security assessment by the authorities (PIPL art. 38, 1)")),
                        ("certification", N_("certification (PIPL art. 38, 2)")),
                        ("standard_contract", N_("standard contract (PIPL art. 38, 3)")),
                        ("other_law", N_("another law (PIPL art. 38, 4)")),
                    ),
                ),
                *_both("declaration.cross_border.why", *_WHY, kind="area"),
            ),
        ),
    ),
)
PARTS: Final = {part.name: part for part in (_ORGANISATION, _PEOPLE, _CLIENT, _PURPOSE, _ITEMS, _HANDLING)}
DOCUMENTS: Final = Part("documents", N_("Documents"), "", ("organisation.security_evidence",))
"""Has a page of its own; here for the list of what is missing."""


def part_of(field: str) -> Part | None:
    """On which page a field stands."""
    every = (*PARTS.values(), DOCUMENTS)
    fits = [
        part for part in every for over in part.covers if field == over or field.startswith((f"{over}.", f"{over}["))
    ]
    return fits[0] if fits else None
