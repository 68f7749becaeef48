"""The register: who is a requester, with what declarations, permits and clients. Only what is live is given out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from vault.clock import from_millis, millis
from vault.crypto.canonical import unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.db import Session
from vault.errors import NotFound, Tampered
from vault.ids import DeclarationId, RequesterId
from vault.requesters.client_metadata import read_stored
from vault.requesters.declarations import Declaration, stored_declaration, stored_digest
from vault.requesters.key_times import valid_keys
from vault.requesters.liveness import Lapses, Standing, check_live, lapses
from vault.requesters.narrowing import narrowed
from vault.requesters.permits import Permit, PermitTerms
from vault.requesters.standing import Capability
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester
from vault.requesters.views import ClientView, DeclarationView

_TABLES: Final[dict[str, type[Client] | type[DeclarationRow] | type[PermitRow] | type[Requester]]] = {
    "client": Client,
    "declaration": DeclarationRow,
    "permit": PermitRow,
    "requester": Requester,
}
_CHAIN: Final = (
    sa.select(
        *(
            table.__table__.c[name].label(f"{what}_{name}")
            for what, table in _TABLES.items()
            for name in (*table.guarded_columns(), "mac")
        )
    )
    .select_from(Client)
    .join(DeclarationRow, DeclarationRow.id == Client.declaration_id)
    .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
    .join(Requester, Requester.id == Client.requester_id)
    .where(Client.id == sa.bindparam("client_id", type_=sa.Uuid()))
)
CHAIN_SQL: Final = str(_CHAIN.compile(dialect=dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap


Rows = Mapping[str, Mapping[str, Any]]
"""client, declaration, permit and requester: guarded columns and MAC."""


@dataclass(frozen=True)
class KnownClient:
    """A client as it stands: ``lapses`` names everything of it that is not in force, so that a caller who
    authenticates can be told why it is refused."""

    view: ClientView
    lapses: Lapses


async def client(session: Session, client_id: UUID, capability: Capability = Capability.CONSENT) -> ClientView:
    """A client that may do this now. Raises NotFound, or NotLive naming what is not in force."""
    known = await any_client(session, client_id)
    known.lapses.check(capability)
    return known.view


async def any_client(session: Session, client_id: UUID) -> KnownClient:
    """A client, live or not. Raises NotFound."""
    found = (await session.execute(_CHAIN, {"client_id": client_id})).mappings().one_or_none()
    return read_client(session.ring, None if found is None else {str(k): v for k, v in found.items()}, session.now)


async def known_client(connection: asyncpg.Connection, ring: KeyRing, client_id: UUID, now: datetime) -> KnownClient:
    """The client, live or not, over a plain connection. Raises NotFound."""
    return read_client(ring, await connection.fetchrow(CHAIN_SQL, client_id), now)


def read_client(ring: KeyRing, found: Mapping[str, Any] | None, now: datetime) -> KnownClient:
    """The client behind one row of the chain, every MAC checked. Raises NotFound and Tampered."""
    return read_rows(checked_rows(ring, found), now)


def checked_rows(ring: KeyRing, found: Mapping[str, Any] | None) -> Rows:
    """The rows behind one row of the chain, by what they are. Raises NotFound and Tampered."""
    if found is None:
        raise NotFound("There is no such client.")
    rows = {what: _part(found, what, table) for what, table in _TABLES.items()}
    for what, table in _TABLES.items():
        table.check(ring, rows[what])
    held, declared = rows["client"], rows["declaration"]
    together = held["requester_id"] == declared["requester_id"]
    if not together or not same(declared["digest"], rows["permit"]["declaration_digest"]):
        raise Tampered(private="client, declaration and permit do not belong together")
    return rows


def read_rows(rows: Rows, now: datetime) -> KnownClient:
    """The client that these checked rows make at this moment."""
    held, declared, owner = rows["client"], rows["declaration"], rows["requester"]
    view = ClientView(
        client_id=held["id"],
        requester_id=RequesterId(owner["id"]),
        requester_name=owner["name"],
        declaration_id=DeclarationId(declared["id"]),
        jwks=dict(valid_keys(held["jwks"], held["key_times"], now)),
        redirect_uris=held["redirect_uris"],
        metadata=read_stored(held["registration"]),
        sandbox_of=held["sandbox_of"],
    )
    return KnownClient(view, lapses([_standing(what, row) for what, row in rows.items()], now))


def _part(found: Mapping[str, Any], what: str, table: type[Any]) -> dict[str, Any]:
    return {name: found[f"{what}_{name}"] for name in (*table.guarded_columns(), "mac")}


def _standing(what: str, row: Mapping[str, Any]) -> Standing:
    return Standing(what, row["status"], row.get("valid_from"), row.get("valid_until"), row.get("suspended_until"))


async def declaration(
    session: Session, declaration_id: DeclarationId, capability: Capability = Capability.CONSENT
) -> DeclarationView:
    """A declaration under which this may be done now, with its permit and requester. Raises NotFound, or NotLive
    naming what is not in force."""
    chain = await _chain_of(session, declaration_id)
    owner, declared = chain.requester, chain.declared
    standings = chain.standings()
    check_live(standings, session.now, capability)
    permit = chain.permit()
    return DeclarationView(
        id=declared.id,
        number=declared.number,
        requester_id=owner.id,
        requester_name=owner.name,
        requester_uscc=owner.uscc,
        requester_vetted_at=owner.vetted_at or declared.valid_from,
        contact=owner.contact,
        body=chain.body(),
        digest=declared.digest,
        valid_from=declared.valid_from,
        valid_until=min(s.valid_until for s in standings if s.valid_until is not None),
        permit_digest=permit.digest(),
        permit_officers=list(permit.signatures),
        bounds_version=declared.bounds_version,
    )


async def permit(session: Session, declaration_id: DeclarationId) -> tuple[Permit, Declaration]:
    """A permit and the declaration it is for as it was signed, live or not: what :func:`verify_permit` takes. Raises
    NotFound."""
    chain = await _chain_of(session, declaration_id)
    return chain.permit(), chain.signed()


@dataclass(frozen=True)
class _Chain:
    declared: DeclarationRow
    permit_row: PermitRow
    requester: Requester

    def standings(self) -> list[Standing]:
        """What must be in force for whatever is done under the declaration."""
        owner, declared, permit_row = self.requester, self.declared, self.permit_row
        return [
            Standing("requester", owner.status, None, owner.valid_until, owner.suspended_until),
            Standing(
                "declaration", declared.status, declared.valid_from, declared.valid_until, declared.suspended_until
            ),
            Standing("permit", permit_row.status, None, permit_row.valid_until),
        ]

    def body(self) -> Declaration:
        """What is left of the declaration after what was cut from it."""
        return narrowed(self.signed(), self.declared.narrowed)

    def signed(self) -> Declaration:
        """The declaration as it was signed, compared with the digest that is under the MAC."""
        try:
            body = stored_declaration(self.declared.body)
        except msgspec.ValidationError as error:
            raise Tampered(private=f"declaration {self.declared.id}: {error}") from None
        fits = same(stored_digest(self.declared.body), self.declared.digest)
        if not fits or not same(self.declared.digest, self.permit_row.declaration_digest):
            raise Tampered(private=f"declaration {self.declared.id} does not fit its digest")
        return body

    def permit(self) -> Permit:
        """The permit as it was signed."""
        terms = PermitTerms(
            self.permit_row.declaration_digest, self.requester.id, from_millis(millis(self.permit_row.signed_until))
        )
        signed = {UUID(hex=s["officer"]): unb64(s["signature"]) for s in self.permit_row.signatures}
        return Permit(self.declared.id, terms, signed)


async def _chain_of(session: Session, declaration_id: DeclarationId) -> _Chain:
    found = await session.execute(
        sa.select(DeclarationRow, PermitRow, Requester)
        .join(PermitRow, PermitRow.declaration_id == DeclarationRow.id)
        .join(Requester, Requester.id == DeclarationRow.requester_id)
        .where(DeclarationRow.id == declaration_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("There is no such declaration.")
    return _Chain(*row)
