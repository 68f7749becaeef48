"""Persons and their vaults."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

PERSONS: Final[Mapping[str, Kind]] = {
    "person.registered": kind("A vault was opened.", by="person", about=About.SOMEBODY, may="outcome"),
    "test_person.made": kind(
        "A made-up person for an organisation's sandboxes was made.",
        by="member registry",
        about=About.SOMEBODY,
        must="requester",
    ),
    "test_person.ended": kind(
        "A made-up person was given up for another one.",
        by="member registry",
        about=About.SOMEBODY,
        must="requester",
    ),
    "person.registration_refused": kind(
        "Somebody tried to open another vault for the number this person holds.",
        by="registry",
        about=About.PERHAPS,
        must="reason",
    ),
    "person.claim_yielded": kind(
        "The number this person claimed was proved to be somebody else's; their vault lost its claim to it.",
        by="registry",
        about=About.SOMEBODY,
        must="reason",
    ),
    "person.proofed": kind(
        "A source confirmed the person; outcome is the level reached.",
        by="person registry",
        about=About.SOMEBODY,
        must="outcome",
        may="source items digest",
    ),
    "person.proofing_failed": kind(
        "A source did not confirm the person.",
        by="person registry",
        about=About.SOMEBODY,
        must="reason",
        may="source items",
    ),
    "credential.added": kind("A way to sign in was added.", by="person", about=About.SOMEBODY, may="outcome"),
    "credential.removed": kind("A way to sign in was removed.", by="person", about=About.SOMEBODY, may="reason"),
    "notice_address.given": kind(
        "An address for notices was given; it counts once it is confirmed.", by="person", about=About.SOMEBODY
    ),
    "notice_address.confirmed": kind("Notices go to another address now.", by="person", about=About.SOMEBODY),
    "notice_address.removed": kind("Notices go nowhere but into the vault.", by="person", about=About.SOMEBODY),
    "section.written": kind(
        "A new version of a section.", by="person", about=About.SOMEBODY, must="items", may="commit outcome"
    ),
    "erasure.asked": kind(
        "The person wants their vault erased; until is when that is done, unless they call it off.",
        by="person",
        about=About.SOMEBODY,
        must="until",
    ),
    "erasure.called_off": kind("The person keeps their vault after all.", by="person", about=About.SOMEBODY),
    "person.erased": kind(
        "The vault's keys were destroyed, this person's ledger key among them: nobody can tell any more whom the entry "
        "is about.",
        by="registry",
        about=About.SOMEBODY,
    ),
    "section.erased": kind("A section was erased.", by="person", about=About.SOMEBODY, must="items", may="reason"),
}
