"""The closed catalogue of events: what the ledger can say, and nothing else.

One row of ``CATALOGUE`` per event: who may be its actor, whether it is about a person, which fields of
:class:`vault.ledger.events.Event` it must and may carry. To add an event, add a row. Rows are never
renamed or given another meaning, since old entries keep their names. No I/O here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class ActorKind(StrEnum):
    """Who acts. A person is never named in an entry: only the tag, which the person can recompute, tells whom."""

    PERSON = "person"
    OFFICER = "officer"
    REGULATOR = "regulator"
    REQUESTER = "requester"
    REGISTRY = "registry"


class About(StrEnum):
    """Whether an entry is tagged for a person."""

    SOMEBODY = "always tagged"
    PERHAPS = "tagged where the person is known"
    NOBODY = "never tagged"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the catalogue."""

    meaning: str
    actors: frozenset[ActorKind]
    about: About
    must: frozenset[str]
    may: frozenset[str]


def _kind(meaning: str, *, by: str, about: About = About.NOBODY, must: str = "", may: str = "") -> Kind:
    return Kind(
        meaning,
        actors=frozenset(ActorKind(kind) for kind in by.split()),
        about=about,
        must=frozenset(must.split()),
        may=frozenset(may.split()),
    )


_TERMS: Final = "requester declaration declaration_version purpose items"
_SOME_TERMS: Final = "declaration declaration_version purpose items"

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        # the registry and its people
        "registry.founded": _kind("The founding ceremony took place.", by="registry", may="count digest"),
        "officer.added": _kind("An officer was made.", by="registry officer", must="ref roles", may="second"),
        "officer.changed": _kind("An officer's roles changed.", by="officer", must="ref roles", may="second reason"),
        "officer.left": _kind("An officer lost all roles.", by="officer registry", must="ref", may="second reason"),
        "regulator.added": _kind("A regulator was admitted.", by="registry officer", must="ref", may="second roles"),
        "regulator.left": _kind("A regulator lost access.", by="officer registry", must="ref", may="second reason"),
        "access.refused": _kind(
            "A member of staff tried what their roles do not allow.",
            by="officer regulator",
            about=About.PERHAPS,
            must="reason",
            may="ref requester",
        ),
        "key.handed_on": _kind(
            "A holder of a role's key gave it to a colleague of the same role; ref names the colleague.",
            by="officer regulator",
            must="key ref",
        ),
        "sign_in.begun": _kind(
            "Somebody signed in; outcome says whether from a known device.",
            by="person officer regulator",
            about=About.PERHAPS,
            may="outcome",
        ),
        "sign_in.ended": _kind(
            "Somebody signed out.", by="person officer regulator", about=About.PERHAPS, may="outcome reason"
        ),
        "key.rotated": _kind("A key has a new version.", by="registry officer", must="key", may="count reason second"),
        # persons
        "person.registered": _kind("A vault was opened.", by="person", about=About.SOMEBODY, may="outcome"),
        "person.registration_refused": _kind(
            "Somebody tried to open another vault for the number this person holds.",
            by="registry",
            about=About.PERHAPS,
            must="reason",
        ),
        "person.claim_yielded": _kind(
            "The number this person claimed was proved to be somebody else's; their vault lost its claim to it.",
            by="registry",
            about=About.SOMEBODY,
            must="reason",
        ),
        "person.proofed": _kind(
            "A source confirmed the person; outcome is the level reached.",
            by="person registry",
            about=About.SOMEBODY,
            must="outcome",
            may="source items digest",
        ),
        "person.proofing_failed": _kind(
            "A source did not confirm the person.",
            by="person registry",
            about=About.SOMEBODY,
            must="reason",
            may="source items",
        ),
        "credential.added": _kind("A way to sign in was added.", by="person", about=About.SOMEBODY, may="outcome"),
        "credential.removed": _kind("A way to sign in was removed.", by="person", about=About.SOMEBODY, may="reason"),
        "section.written": _kind(
            "A new version of a section.", by="person", about=About.SOMEBODY, must="items", may="commit outcome"
        ),
        "section.erased": _kind("A section was erased.", by="person", about=About.SOMEBODY, must="items", may="reason"),
        # requesters
        "application.received": _kind(
            "An organisation asks to be registered.", by="requester registry", must="ref", may="requester declaration"
        ),
        "application.approved": _kind(
            "One officer approved; a second one must.",
            by="officer",
            must="ref",
            may="requester declaration declaration_version approval",
        ),
        "application.approval_refused": _kind(
            "An officer may not give this approval.", by="officer", must="ref reason", may="requester declaration"
        ),
        "application.rejected": _kind(
            "An application was turned down.", by="officer", must="ref reason", may="requester"
        ),
        "requester.activated": _kind(
            "A requester may work.", by="officer", must="requester", may="ref second approval digest"
        ),
        "requester.suspended": _kind(
            "A requester is stopped.", by="officer regulator registry", must="requester reason", may="ref second"
        ),
        "requester.restored": _kind(
            "A requester may work again.", by="officer regulator", must="requester reason", may="ref second"
        ),
        "requester.keys_changed": _kind(
            "A requester's public keys changed.", by="requester officer", must="requester", may="ref second digest"
        ),
        "declaration.permitted": _kind(
            "Two officers signed the permit of a declaration.",
            by="officer",
            must=f"{_TERMS} permit",
            may="second ref",
        ),
        "declaration.refused": _kind(
            "A declaration was turned down.",
            by="officer",
            must="requester declaration reason",
            may="declaration_version purpose items ref",
        ),
        "declaration.stopped": _kind(
            "A declaration's validity was shortened or ended.",
            by="officer regulator registry",
            must="requester declaration reason",
            may="declaration_version second ref",
        ),
        # consent
        "consent.requested": _kind(
            "A requester asks for consent.", by="requester", about=About.PERHAPS, must=_TERMS, may="ref"
        ),
        "consent.refused": _kind(
            "What a requester asked consent for goes too far; items names what.",
            by="requester registry",
            about=About.PERHAPS,
            must="requester reason",
            may=f"{_SOME_TERMS} ref",
        ),
        "grant.given": _kind(
            "The person allowed it.", by="person", about=About.SOMEBODY, must=f"{_TERMS} consent", may="permit reason"
        ),
        "grant.declined": _kind(
            "The person said no.",
            by="person",
            about=About.SOMEBODY,
            must="requester declaration",
            may="declaration_version purpose items reason",
        ),
        "grant.changed": _kind(
            "A grant was narrowed, extended or replaced; outcome says which.",
            by="person officer regulator",
            about=About.SOMEBODY,
            must="requester declaration outcome",
            may="declaration_version purpose items consent reason second",
        ),
        "grant.withdrawn": _kind(
            "A grant was ended.",
            by="person officer regulator registry",
            about=About.SOMEBODY,
            must="requester declaration",
            may="declaration_version purpose items consent reason second",
        ),
        "token.refused": _kind(
            "A known requester was refused a token.",
            by="requester",
            about=About.PERHAPS,
            must="requester reason",
            may=_SOME_TERMS,
        ),
        # releases
        "release.requested": _kind(
            "A release waits for an officer.",
            by="requester",
            about=About.SOMEBODY,
            must=f"{_TERMS} ref",
            may="consent permit",
        ),
        "release.approved": _kind(
            "An officer approved one release.",
            by="officer",
            about=About.SOMEBODY,
            must="requester ref approval",
            may=f"{_SOME_TERMS} reason",
        ),
        "release.denied": _kind(
            "An officer turned one release down.",
            by="officer",
            about=About.SOMEBODY,
            must="requester ref reason",
            may=f"{_SOME_TERMS} approval",
        ),
        "release.approval_refused": _kind(
            "An officer may not decide this release.",
            by="officer",
            about=About.PERHAPS,
            must="ref reason",
            may="requester declaration",
        ),
        "release.delivered": _kind(
            "Authorised and about to be sent: the entry comes first.",
            by="requester",
            about=About.SOMEBODY,
            must=f"{_TERMS} ref consent permit commit",
            may="approval outcome count",
        ),
        "release.refused": _kind(
            "A known requester was refused data.",
            by="requester",
            about=About.PERHAPS,
            must="requester reason",
            may=f"{_SOME_TERMS} ref outcome",
        ),
        # oversight, and the log itself
        "query.made": _kind(
            "A regulator asked the ledger; digest is of the question.",
            by="regulator",
            about=About.PERHAPS,
            must="digest",
            may="count outcome reason ref",
        ),
        "refusals.counted": _kind(
            "Refusals of strangers, in aggregate.", by="registry", must="reason count", may="outcome"
        ),
        "draft.refused": _kind(
            "The outbox held something that is no entry; digest is of its bytes, ref its id.",
            by="registry",
            about=About.PERHAPS,
            must="ref reason digest",
        ),
    }
)
