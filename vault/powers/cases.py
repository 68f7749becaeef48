"""Cases: what an authority looks into, the evidence attached to it by entry, and the decision that two sign."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.db import Database, Session
from vault.errors import Conflict, Invalid, NotFound
from vault.ids import RequesterId, StaffId
from vault.ledger import log
from vault.ledger.events import Event, regulator
from vault.ledger.receipt import Receipt
from vault.oversight import entry as read_entry
from vault.powers.case_bounds import CLOSED, CLOSING, OPEN, check_reach_of, is_within, on_record, refusal
from vault.powers.orders import check_text
from vault.powers.reach import check_reach
from vault.powers.second import check_second
from vault.powers.tables import Evidence, Inquiry
from vault.registry import mandated
from vault.registry.mandates import CASES, Mandate, OutsideMandate
from vault.requesters import supervising
from vault.signin.holders import Holder

DECISIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "no-breach": "Nothing was broken.",
        "mended": "It was mended; nothing further is ordered.",
        "warned": "PIPL art. 66: the organisation was told to correct it and warned.",
        "measures-ordered": "Measures were ordered; they name this case.",
        "handed-over": "PIPL art. 64: handed over to another authority.",
    }
)
MOST_EVIDENCE: Final = 500
_LONGEST_TITLE: Final = 200
_DIGEST: Final = 32


@dataclass(frozen=True)
class Found:
    """A case and what is attached to it, oldest first."""

    case: Inquiry
    evidence: list[Evidence]


@dataclass(frozen=True)
class Attached:
    """What is attached: an entry by ``index`` with its ``receipt``, a note, or a document by ``digest``."""

    kind: str
    text: str
    index: int | None = None
    receipt: bytes | None = None
    digest: bytes | None = None


async def open_case(session: Session, holder: Holder, title: str, requester: RequesterId | None) -> Inquiry:
    """Open a case, about an organisation that one's mandate reaches. Records ``inquiry.opened``.

    Raises Refused without the power, OutsideMandate, Invalid, NotFound.
    """
    member, mandate = await mandated(session, holder, CASES)
    if not 4 <= len(title.strip()) <= _LONGEST_TITLE or not title.isprintable():
        raise Invalid.field("title", f"must be one line of 4 to {_LONGEST_TITLE} characters")
    if requester is not None:
        await supervising.hold(session, requester)
        await check_reach(session, mandate, requester)
    row = Inquiry(
        id=ids.new_uuid(),
        title=title.strip(),
        requester_id=requester,
        opened_by=member.id,
        opened_at=session.now,
        state=OPEN,
    )
    session.add(row)
    await session.flush()
    await log.append(session, _said("inquiry.opened", row, holder))
    return row


async def attach_entry(db: Database, holder: Holder, case: UUID, index: int, text: str) -> Evidence:
    """Attach an entry of the ledger with its receipt, which is kept; the look at it is an entry too.

    Raises Refused without the power, NotFound, Conflict when the case is closed.
    """
    await on_record(db, _writable, holder, case)
    _, receipt = await read_entry(db, holder, index)
    attached = Attached("entry", text, index=index, receipt=_bytes(receipt))
    return await on_record(db, _attach, holder, case, attached)


async def attach_note(session: Session, holder: Holder, case: UUID, text: str) -> Evidence:
    """Attach a note. Raises as :func:`attach_entry`."""
    return await _attach(session, holder, case, Attached("note", text))


async def attach_document(session: Session, holder: Holder, case: UUID, name: str, sha256: bytes) -> Evidence:
    """Attach a document by name and SHA-256; the authority keeps the document. Raises as :func:`attach_entry`."""
    if len(sha256) != _DIGEST:
        raise Invalid.field("digest", "must be the SHA-256 of the document: 32 bytes")
    return await _attach(session, holder, case, Attached("document", name, digest=sha256))


async def propose_closing(session: Session, holder: Holder, case: UUID, decision: str, text: str) -> Inquiry:
    """One regulator's half of the decision; another proposal takes its place until a second one agrees.

    Raises Refused, NotFound, Invalid, Conflict. Records ``inquiry.closing_proposed``.
    """
    await mandated(session, holder, CASES)
    if decision not in DECISIONS:
        raise Invalid.field("decision", f"is one of {', '.join(DECISIONS)}")
    check_text("text", text)
    row = await _writable(session, holder, case)
    row.state, row.decision, row.decision_text = CLOSING, decision, text
    row.closed_by, row.closed_at = StaffId(holder.id), session.now
    row.signature = holder.bundle.sign(closing_message(row, await _digests(session, case)))
    await session.flush()
    await log.append(session, _said("inquiry.closing_proposed", row, holder))
    return row


async def close(session: Session, holder: Holder, case: UUID) -> Inquiry:
    """The other regulator's half: the case is closed with that decision, on that evidence.

    Raises Refused, AnotherRegulator, NotFound, Conflict, Tampered when evidence changed under the first signature.
    """
    member, mandate = await mandated(session, holder, CASES)
    row = await _locked(session, mandate, case)
    if row.state != CLOSING or row.closed_by is None or row.signature is None:
        raise Conflict("Nobody has proposed a decision, or the case is closed.")
    message = closing_message(row, await _digests(session, case))
    await check_second(session, member, row.closed_by, message=message, signature=row.signature)
    row.state, row.second_id, row.second_signature = CLOSED, member.id, holder.bundle.sign(message)
    await session.flush()
    await log.append(session, _said("inquiry.closed", row, holder))
    return row


async def close_on_record(db: Database, holder: Holder, case: UUID) -> Inquiry:
    """As :func:`close`, in a transaction of its own; what is refused by rule is recorded in another one."""
    return await on_record(db, close, holder, case)


async def open_on_record(db: Database, holder: Holder, title: str, requester: RequesterId | None) -> Inquiry:
    """As :func:`open_case`, likewise."""
    try:
        return await db.run(open_case, holder, title, requester)
    except OutsideMandate as refused:
        await db.run(log.append, refusal(holder, None, refused))
        raise


async def listing(session: Session, holder: Holder) -> list[Inquiry]:
    """The newest hundred cases that one's mandate reaches. Raises Refused without the power, Tampered."""
    _, mandate = await mandated(session, holder, CASES)
    rows = await session.scalars(sa.select(Inquiry).order_by(Inquiry.id.desc()).limit(100))
    return [row for row in rows.all() if mandate.is_whole or await is_within(session, mandate, row)]


async def one(session: Session, holder: Holder, case: UUID) -> Found:
    """A case with everything attached. Raises Refused, OutsideMandate, NotFound, Tampered."""
    _, mandate = await mandated(session, holder, CASES)
    row = await session.get(Inquiry, case, populate_existing=True)
    if row is None:
        raise NotFound("There is no such case.")
    await check_reach_of(session, mandate, row)
    return Found(row, await _evidence(session, case))


def closing_message(row: Inquiry, evidence: list[str]) -> bytes:
    """The canonical bytes that both regulators sign: the case, the decision, and the digests of all its evidence."""
    assert row.closed_at is not None
    body = {
        "case": ids.public(ids.INQUIRY, row.id),
        "decision": row.decision,
        "text": b64(digest((row.decision_text or "").encode())),
        "evidence": evidence,
        "at": millis(row.closed_at),
    }
    return canonical(["case-decision", 1, body])


def evidence_digest(row: Evidence) -> bytes:
    """What an entry and a decision say of a piece of evidence: 32 bytes."""
    receipt = None if row.receipt is None else b64(digest(row.receipt))
    document = None if row.digest is None else b64(row.digest)
    text = b64(digest(row.text.encode()))
    return digest(canonical(["evidence", 1, row.id.hex, row.kind, text, row.entry_index, receipt, document]))


async def _attach(session: Session, holder: Holder, case: UUID, attached: Attached) -> Evidence:
    found = await _writable(session, holder, case)
    if not 1 <= len(attached.text) <= 2000 or not all(c == "\n" or c.isprintable() for c in attached.text):
        raise Invalid.field("text", "must be plain text of 1 to 2000 characters")
    if len(await _evidence(session, case)) >= MOST_EVIDENCE:
        raise Conflict(f"A case holds at most {MOST_EVIDENCE} pieces of evidence: open another one.")
    row = Evidence(
        id=ids.new_uuid(),
        inquiry_id=found.id,
        kind=attached.kind,
        text=attached.text,
        entry_index=attached.index,
        receipt=attached.receipt,
        digest=attached.digest,
        added_by=StaffId(holder.id),
        at=session.now,
    )
    session.add(row)
    if found.state == CLOSING:
        # What the first regulator signed did not know of it: the decision is proposed anew.
        found.state, found.decision, found.decision_text, found.signature = OPEN, None, None, None
        found.closed_by, found.closed_at = None, None
    await session.flush()
    event = Event(
        name="inquiry.evidence_added",
        actor=regulator(holder.id),
        ref=ids.public(ids.INQUIRY, found.id),
        outcome=row.kind,
        digest=evidence_digest(row),
    )
    await log.append(session, event)
    return row


async def _writable(session: Session, holder: Holder, case: UUID) -> Inquiry:
    _, mandate = await mandated(session, holder, CASES)
    row = await _locked(session, mandate, case)
    if row.state == CLOSED:
        raise Conflict("This case is closed.")
    return row


async def _locked(session: Session, mandate: Mandate, case: UUID) -> Inquiry:
    row = await session.get(Inquiry, case, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such case.")
    await check_reach_of(session, mandate, row)
    return row


async def _evidence(session: Session, case: UUID) -> list[Evidence]:
    chosen = sa.select(Evidence).where(Evidence.inquiry_id == case).order_by(Evidence.id)
    return list(await session.scalars(chosen))


async def _digests(session: Session, case: UUID) -> list[str]:
    return [b64(evidence_digest(each)) for each in await _evidence(session, case)]


def _bytes(receipt: Receipt) -> bytes:
    return msgspec.json.encode(receipt)


def _said(name: str, row: Inquiry, holder: Holder) -> Event:
    return Event(
        name=name,
        actor=regulator(holder.id),
        requester=row.requester_id,
        ref=ids.public(ids.INQUIRY, row.id),
        outcome=row.decision,
        second=row.closed_by if name == "inquiry.closed" else None,
        digest=None if row.signature is None else digest(row.signature),
    )
