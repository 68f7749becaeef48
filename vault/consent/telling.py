"""Telling requesters that something under a grant of theirs changed: that, and never what.

A section is told of only where an item that the grant covers would now leave differently, in the very form in which
it leaves: a requester that holds a band learns nothing of a change within the band, nor of the section's other items.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta, timezone
from typing import Any, Final

import sqlalchemy as sa

from vault.accounts import the_person
from vault.consent.tables import ACTIVE, Grant
from vault.db import Session
from vault.errors import CannotOpen, Tampered
from vault.profile import documents, sections
from vault.profile.catalogue import catalogue
from vault.profile.forms import render
from vault.relay import follow
from vault.signin.holders import Holder
from vault.webhooks import Happened, announce
from vault.webhooks.kinds import SECTION_CHANGED

_CHINA: Final = timezone(timedelta(hours=8))
"""Ages count by the date in the registry's time zone."""


async def write_section(
    session: Session, holder: Holder, section: str, document: object, *, expected: int | None
) -> int:
    """As :func:`vault.profile.sections.write`, and in the same transaction the grants it changes anything under are
    told of."""
    number = await sections.write(session, holder, section, document, expected=expected)
    await follow(session, holder, section)
    touched = await _with_items_of(session, holder, section)
    if touched:
        before = await _before(session, holder, section, expected)
        after = documents.check(section, document)
        for grant in touched:
            if _differs(session, grant, section, before, after):
                await announce(session, happened(grant, SECTION_CHANGED))
    return number


def happened(grant: Grant, kind: str, **more: Any) -> Happened:
    """An event about a grant, to the client that holds it."""
    return Happened(type=kind, requester=grant.requester_id, client=grant.client_id, grant=grant.id, **more)


async def _with_items_of(session: Session, holder: Holder, section: str) -> list[Grant]:
    person = await the_person(session, holder)
    live = sa.select(Grant).where(Grant.person_id == person, Grant.status == ACTIVE, Grant.expires_at > session.now)
    return [grant for grant in (await session.scalars(live)).all() if any(_forms(grant.items, section))]


async def _before(session: Session, holder: Holder, section: str, expected: int | None) -> Mapping[str, Any] | None:
    """The document before; None where it cannot be read any more, and so everything counts as changed."""
    if expected is None:
        return {}
    try:
        return (await sections.read(session, holder, section, expected)).document
    except (Tampered, CannotOpen):
        return None


def _differs(
    session: Session, grant: Grant, section: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> bool:
    if before is None:
        return True
    day = session.now.astimezone(_CHINA).date()

    def leaves(document: Mapping[str, Any], name: str, form: str) -> object:
        if name not in document:
            return None
        return render(catalogue().item(f"{section}.{name}"), document[name], form, today=day)

    return any(leaves(before, name, form) != leaves(after, name, form) for name, form in _forms(grant.items, section))


def _forms(items: Iterable[Mapping[str, Any]], section: str) -> Iterable[tuple[str, str]]:
    named = ((each["item"].partition("."), each["form"]) for each in items)
    return [(name, form) for (where, _, name), form in named if where == section]
