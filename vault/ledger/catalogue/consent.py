"""Requests, grants, tokens."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import SOME_TERMS, TERMS, About, Kind, kind

CONSENT: Final[Mapping[str, Kind]] = {
    "consent.requested": kind(
        "A requester asks for consent.", by="requester", about=About.PERHAPS, must=TERMS, may="ref"
    ),
    "consent.refused": kind(
        "What a requester asked consent for goes too far; items names what.",
        by="requester registry",
        about=About.PERHAPS,
        must="requester reason",
        may=f"{SOME_TERMS} ref",
    ),
    "hint.made": kind(
        "The person made a code by which an organisation may ask them out of band.", by="person", about=About.SOMEBODY
    ),
    "consent.put": kind(
        "A request out of band was put before the person.",
        by="registry",
        about=About.SOMEBODY,
        must="requester declaration",
        may="declaration_version purpose",
    ),
    "consent.withheld": kind(
        "A request out of band was kept from the person; reason says why.",
        by="registry",
        about=About.SOMEBODY,
        must="requester declaration reason",
        may="declaration_version purpose",
    ),
    "consent.reported": kind(
        "The person says that they did not ask for this request.",
        by="person",
        about=About.SOMEBODY,
        must="requester declaration",
    ),
    "grant.given": kind(
        "The person allowed it.", by="person", about=About.SOMEBODY, must=f"{TERMS} consent", may="permit reason"
    ),
    "grant.declined": kind(
        "The person said no.",
        by="person",
        about=About.SOMEBODY,
        must="requester declaration",
        may="declaration_version purpose items reason",
    ),
    "grant.changed": kind(
        "A grant was narrowed, extended, merged or replaced; outcome says which.",
        by="person officer regulator",
        about=About.SOMEBODY,
        must="requester declaration outcome",
        may="declaration_version purpose items consent permit reason second ref",
    ),
    "grant.suspended": kind(
        "Regulators stopped a grant for now; without second: one did, and the stop ends by itself.",
        by="regulator",
        about=About.SOMEBODY,
        must="requester declaration reason ref",
        may="declaration_version consent second",
    ),
    "grant.restored": kind(
        "A suspended grant goes on; by the registry: nobody confirmed its suspension in time.",
        by="regulator registry",
        about=About.SOMEBODY,
        must="requester declaration reason",
        may="declaration_version consent second ref",
    ),
    "grant.withdrawn": kind(
        "A grant was ended; by a requester: it gave the grant back.",
        by="person requester officer regulator registry",
        about=About.SOMEBODY,
        must="requester declaration",
        may="declaration_version purpose items consent reason second",
    ),
    "token.revoked": kind(
        "A requester revoked a token of its own; outcome says which kind. The consent stays.",
        by="requester",
        about=About.SOMEBODY,
        must="requester outcome",
        may="declaration reason",
    ),
    "token.refused": kind(
        "A known requester was refused a token.",
        by="requester",
        about=About.PERHAPS,
        must="requester reason",
        may=SOME_TERMS,
    ),
}
