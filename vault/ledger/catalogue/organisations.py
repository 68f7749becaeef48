"""Organisations: their members, and the changes that one or two of them make."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import Kind, kind

ORGANISATIONS: Final[Mapping[str, Kind]] = {
    "member.joined": kind(
        "Somebody became a member of an organisation; outcome says by what, second who invited them.",
        by="member",
        must="requester ref roles outcome",
        may="second",
    ),
    "member.invited": kind(
        "A member made an invitation; ref names it.", by="member", must="requester ref roles", may="outcome"
    ),
    "member.uninvited": kind("A member took an invitation back.", by="member", must="requester ref"),
    "member.changed": kind(
        "A member's roles changed; ref names the member.", by="member", must="requester ref roles", may="second"
    ),
    "member.suspended": kind("A member may not act for now.", by="member", must="requester ref"),
    "member.restored": kind("A suspended member may act again.", by="member", must="requester ref", may="second"),
    "member.left": kind("A member is no longer one.", by="member", must="requester ref"),
    "declaration.filed": kind(
        "A member filed a declaration for two officers to decide; ref names the application.",
        by="member",
        must="requester ref",
    ),
    "change.proposed": kind(
        "A member proposed a change that a second one must confirm; outcome says of what, digest is of its content.",
        by="member",
        must="requester ref outcome digest",
        may="declaration",
    ),
    "change.refused": kind(
        "A proposed change was refused, or taken back by who proposed it.",
        by="member",
        must="requester ref outcome",
        may="declaration",
    ),
    "change.confirmation_refused": kind(
        "A member tried to confirm what they may not.", by="member", must="requester ref reason"
    ),
    "requester.redirects_changed": kind(
        "A client's redirect URIs changed.",
        by="member officer requester",
        must="requester ref digest",
        may="second declaration",
    ),
    "requester.metadata_changed": kind(
        "A client's other metadata changed.",
        by="member officer requester",
        must="requester ref digest",
        may="second declaration",
    ),
    "sandbox.made": kind(
        "A client that had no sandbox got one; ref names the sandbox.",
        by="member registry",
        must="requester declaration ref",
    ),
    "requester.two_members_changed": kind(
        "An organisation chose whether changes of its keys take two members; outcome is yes or no.",
        by="member",
        must="requester outcome",
        may="second ref",
    ),
}
