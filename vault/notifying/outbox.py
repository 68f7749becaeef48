"""The outbox: where no mail server is connected (the embedded default), letters are kept and can be looked at.

Each person sees their own, in their own vault; nobody sees another's.
"""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from vault.crypto.canonical import canonical
from vault.crypto.keyring import ring_open, ring_seal
from vault.crypto.sealing import place
from vault.db import Database, Session
from vault.ids import PersonId
from vault.notifying.notifier import Letter, Outcome, Parcel
from vault.notifying.tables import OutboxLetter
from vault.notifying.telling import PURPOSE

MOST: int = 50


@dataclass(frozen=True)
class Outbox:
    """Keeps letters instead of sending them."""

    database: Database

    async def deliver(self, letter: Letter) -> Outcome:
        """Keep it; a second time changes nothing."""
        await self.database.run(_keep, letter)
        return Outcome.TAKEN

    async def carry(self, parcel: Parcel) -> Outcome:
        """Keep what the relay passes on, too: the outbox is the person's mailbox here. Attachments are left out."""
        body = parcel.mail.get_body(("plain",))
        text = "" if body is None else str(body.get_content())
        at = self.database.clock.now()
        await self.database.run(
            _keep, Letter(parcel.id, parcel.person, parcel.to, str(parcel.mail["Subject"]), text, "en", at)
        )
        return Outcome.TAKEN


async def letters(session: Session, person: PersonId) -> list[Letter]:
    """What would have been sent to this person, newest first, at most fifty."""
    found = await session.execute(
        sa.select(OutboxLetter)
        .where(OutboxLetter.person_id == person)
        .order_by(OutboxLetter.at.desc(), OutboxLetter.id.desc())
        .limit(MOST)
    )
    return [_read(session, row) for row in found.scalars()]


def _read(session: Session, row: OutboxLetter) -> Letter:
    body = msgspec.json.decode(ring_open(session.ring, PURPOSE, row.sealed, _place(row.person_id, row.id.hex)))
    return Letter(row.id, row.person_id, body["to"], body["subject"], body["body"], body["locale"], row.at)


async def _keep(session: Session, letter: Letter) -> None:
    body = {"to": letter.to, "subject": letter.subject, "body": letter.body, "locale": letter.locale}
    sealed = ring_seal(session.ring, PURPOSE, canonical(body), _place(letter.person, letter.id.hex))
    kept = insert(OutboxLetter).values(person_id=letter.person, id=letter.id, sealed=sealed, at=letter.at)
    await session.execute(kept.on_conflict_do_nothing())


def _place(person: PersonId, letter: str) -> bytes:
    return place("notice_outbox", (person, letter), "sealed")
