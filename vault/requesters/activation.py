"""What an approved application becomes: requester, declaration, permit, client and its sandbox, in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from vault import ids
from vault.crypto.canonical import b64
from vault.db import Session, constraint
from vault.errors import Conflict
from vault.ids import RequesterId
from vault.ledger.events import Actor, Event, Item
from vault.ledger.events import officer as by_officer
from vault.ledger.log import append
from vault.requesters.applications import Application
from vault.requesters.bounding import current
from vault.requesters.bounds import excesses
from vault.requesters.liveness import NotLive
from vault.requesters.organisations import Organisation, public_contact
from vault.requesters.permits import Permit
from vault.requesters.renewal import vetted_until
from vault.requesters.sandboxes import new_sandbox
from vault.requesters.standing import Capability, State, allows, state_of
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester

VALID_DAYS: Final = 730
"""A permit holds so long at most: the vetting behind it is renewed meanwhile (``requesters.renewal``)."""


def permit_end(now: datetime) -> datetime:
    """When a permit ends whose first signature is given now; whole seconds, since it is signed."""
    return now.replace(microsecond=0) + timedelta(days=VALID_DAYS)


@dataclass(frozen=True)
class Clients:
    """The ids of the client that an approval makes, and of its sandbox."""

    production: UUID
    sandbox: UUID


async def reserve(session: Session, organisation: Organisation) -> RequesterId:
    """The id the officers sign for: the requester's of this code, or a new one that is only ``applied`` for.

    Raises NotLive when that requester is suspended or worse, Conflict when it is registered under other names.
    """
    owner = await _of_code(session, organisation.uscc) or await _applied_for(session, organisation)
    _check_may_grow(owner, organisation, session.now)
    return owner.id


async def registered(session: Session, uscc: str) -> RequesterId | None:
    """Who is in the register under this credit code, in force or suspended: an organisation that speaks for itself."""
    owner = (await session.execute(sa.select(Requester).where(Requester.uscc == uscc))).scalar_one_or_none()
    known = owner is not None and owner.vetted_at is not None and owner.status in {State.ACTIVE, State.SUSPENDED}
    return owner.id if owner is not None and known else None


async def _applied_for(session: Session, organisation: Organisation) -> Requester:
    row = Requester(
        id=RequesterId(ids.new_uuid()),
        name=msgspec.to_builtins(organisation.name),
        uscc=organisation.uscc,
        contact=public_contact(organisation),
        status="applied",
        vetted_at=None,
        valid_until=None,
        suspended_until=None,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if constraint(error) != "uq_requesters_uscc":
            raise
        raise Conflict("Another application of this organisation was decided just now; try again.") from None
    return row


def _check_may_grow(owner: Requester, organisation: Organisation, now: datetime) -> None:
    status = state_of(owner.status, lifted_at=owner.suspended_until, now=now)
    if not allows(status, Capability.DECLARING):
        raise NotLive([f"requester-{status}"])
    if status is State.ACTIVE and owner.name != msgspec.to_builtins(organisation.name):
        raise Conflict("The register has this organisation under other names: the application must use those.")


async def activate(
    session: Session, application: Application, permit: Permit, *, officers: tuple[UUID, UUID], ref: str
) -> Clients:
    """Make the requester live and its declaration, permit, client and that client's sandbox.

    ``officers``: who approved second, then who approved first. ``ref``: the application's public id.
    """
    owner = await _of_code(session, application.organisation.uscc)
    if owner is None or owner.id != permit.terms.requester:
        raise Conflict("The requester this permit was signed for is gone: the organisation applies again.")
    _check_may_grow(owner, application.organisation, session.now)
    bounds = await _bounds_of(session, application)
    _vet(owner, application.organisation, session.now, vetted_until(session.now))
    declared = await _declare(session, application, permit, bounds)
    _permit(session, permit)
    held = Client(
        id=ids.new_uuid(),
        requester_id=owner.id,
        declaration_id=declared.id,
        jwks=application.client.jwks,
        redirect_uris=list(application.client.redirect_uris),
        status="active",
        registration=None,
        key_times=None,
        sandbox_of=None,
    )
    session.add(held)
    await session.flush()
    sandbox = new_sandbox(held)
    session.add(sandbox)
    await session.flush()
    by, other = by_officer(officers[0]), officers[1]
    await append(session, Event(name="requester.activated", actor=by, requester=owner.id, ref=ref, second=other))
    await append(session, _permitted(application, permit, by, second=other, number=declared.number))
    return Clients(held.id, sandbox.id)


async def _bounds_of(session: Session, application: Application) -> int:
    """The version of the bounds this is vetted under. Raises Conflict when it exceeds those that hold now."""
    bounds = await current(session)
    if beyond := list(excesses(application.declaration, bounds)):
        names = "; ".join(f"{where}: {why}" for where, why in beyond[:5])
        raise Conflict(f"The bounds changed since this was handed in. {names}")
    return bounds.version


async def _of_code(session: Session, uscc: str) -> Requester | None:
    found = await session.execute(sa.select(Requester).where(Requester.uscc == uscc).with_for_update())
    return found.scalar_one_or_none()


def _vet(owner: Requester, organisation: Organisation, now: datetime, until: datetime) -> None:
    owner.name = msgspec.to_builtins(organisation.name)
    owner.contact = public_contact(organisation)
    owner.status, owner.suspended_until = "active", None
    owner.vetted_at = now
    owner.valid_until = max(until, owner.valid_until or until)


async def _declare(session: Session, application: Application, permit: Permit, bounds: int) -> DeclarationRow:
    last = await session.execute(
        sa.select(sa.func.max(DeclarationRow.number)).where(DeclarationRow.requester_id == permit.terms.requester)
    )
    row = DeclarationRow(
        id=permit.declaration,
        requester_id=permit.terms.requester,
        number=(last.scalar_one() or 0) + 1,
        body=msgspec.to_builtins(application.declaration),
        digest=permit.terms.declaration_digest,
        status="active",
        valid_from=session.now,
        valid_until=permit.terms.valid_until,
        suspended_until=None,
        bounds_version=bounds,
    )
    session.add(row)
    await session.flush()
    return row


def _permit(session: Session, permit: Permit) -> None:
    session.add(
        PermitRow(
            declaration_id=permit.declaration,
            declaration_digest=permit.terms.declaration_digest,
            signatures=[{"officer": who.hex, "signature": b64(made)} for who, made in permit.signatures.items()],
            status="active",
            signed_until=permit.terms.valid_until,
            valid_until=permit.terms.valid_until,
        )
    )


def _permitted(application: Application, permit: Permit, by: Actor, *, second: UUID, number: int) -> Event:
    body = application.declaration
    return Event(
        name="declaration.permitted",
        actor=by,
        requester=permit.terms.requester,
        declaration=permit.declaration,
        declaration_version=number,
        purpose=body.purpose.code,
        items=tuple(Item(declared.item, form) for declared in body.items for form in declared.forms),
        permit=permit.digest(),
        second=second,
    )
