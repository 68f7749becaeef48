"""A member's view of their organisation, the same for both fronts: what each room tells, put together.

What the ledger tells an organisation is listed event by event: a person's own acts (a no, a withdrawal, a change) are
entries that name the requester too, and none of its business (design, promise 9).
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vault.consent import held
from vault.db import Session
from vault.ledger import reading
from vault.ledger.reading import Back, Entry, Stretch
from vault.organisations import members as organisations
from vault.organisations.changes import Change, changes
from vault.organisations.inviting import InvitationView, invitations
from vault.organisations.members import Member, desk_of, member
from vault.release.refusals import told
from vault.requesters.owned import OwnClient, OwnDeclaration, Owner, clients_of, declarations_of, owner
from vault.signin import Holder

RELEASES: Final = ("release.delivered", "release.requested", "release.denied", "release.refused")
INCIDENTS: Final = (
    "release.refused",
    "release.denied",
    "token.refused",
    "consent.refused",
    "requester.suspended",
    "requester.restored",
    "requester.revoked",
    "declaration.suspended",
    "declaration.restored",
    "declaration.stopped",
    "deletion.refused",
    "access.refused",
    "change.confirmation_refused",
)
AUDIT: Final = (
    "application.received",
    "application.approved",
    "application.rejected",
    "requester.activated",
    "requester.suspended",
    "requester.restored",
    "requester.revoked",
    "requester.surrendered",
    "requester.keys_changed",
    "requester.redirects_changed",
    "requester.metadata_changed",
    "requester.two_members_changed",
    "sandbox.made",
    "test_person.made",
    "test_person.ended",
    "declaration.filed",
    "statement.issued",
    "client.registered",
    "client.changed",
    "client.surrendered",
    "declaration.permitted",
    "declaration.refused",
    "declaration.suspended",
    "declaration.restored",
    "declaration.stopped",
    "member.joined",
    "member.invited",
    "member.uninvited",
    "member.changed",
    "member.suspended",
    "member.restored",
    "member.left",
    "change.proposed",
    "change.refused",
    "change.confirmation_refused",
    "webhook.tested",
    "webhook.replayed",
    "deletion.answered",
    "sign_in.begun",
    "sign_in.ended",
    "password.changed",
    "access.refused",
)
LISTS: Final = {"releases": RELEASES, "incidents": INCIDENTS, "entries": AUDIT}
COUNTED: Final = frozenset({*RELEASES, *INCIDENTS, *AUDIT, "consent.requested", "token.revoked"})
"""The events whose number the organisation knows anyway: where a page ends depends on these alone."""


@dataclass(frozen=True)
class Overview:
    """The organisation as its members find it when they come in."""

    me: Member
    owner: Owner
    two_members: bool
    declarations: list[OwnDeclaration]
    clients: list[OwnClient]
    open_changes: list[Change]
    grants: held.Counted


@dataclass(frozen=True)
class People:
    """Who is or was a member, and who is invited."""

    me: Member
    two_members: bool
    members: list[Member]
    invitations: list[InvitationView]


async def overview(session: Session, holder: Holder) -> Overview:
    """Standing, vetting, declarations, clients, what waits for a second member, grants in force."""
    me = await member(session, holder)
    which = me.organisation
    waiting = [each for each in await changes(session, which) if each.state == "open"]
    return Overview(
        me,
        await owner(session, which),
        await two_members(session, me),
        await declarations_of(session, which),
        await clients_of(session, which),
        waiting,
        await held.counted(session, which),
    )


async def people(session: Session, holder: Holder) -> People:
    """Members and invitations."""
    me = await member(session, holder)
    everybody = await organisations.members(session, me.organisation)
    invited = await invitations(session, me.organisation)
    return People(me, await two_members(session, me), everybody, invited)


async def grants(
    session: Session, holder: Holder, *, before: UUID | None = None, limit: int = 50
) -> tuple[list[held.Held], UUID | None]:
    """A page of grants in force, and where the next one begins, if there is one."""
    me = await member(session, holder)
    found = await held.in_force(session, me.organisation, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else None


async def grant(session: Session, holder: Holder, which: UUID) -> held.Held:
    """One grant in force. NotFound for anybody else's."""
    return await held.held(session, (await member(session, holder)).organisation, which)


async def entries(
    session: Session, holder: Holder, which: str, *, before: int | None = None, limit: int = 50
) -> Stretch:
    """A page of what the ledger tells the organisation: ``which`` of LISTS."""
    me = await member(session, holder)
    return await reading.of_requester(session, me.organisation, LISTS[which], Back(before, limit), counted=COUNTED)


async def two_members(session: Session, me: Member) -> bool:
    """Whether changes take two members."""
    desk = await desk_of(session, me.organisation)
    return desk is not None and desk.two_members


def reason(entry: Entry) -> str | None:
    """Why something was refused, as far as the requester was told when it was."""
    given = entry.members.get("reason")
    return None if given is None else told(str(given))
