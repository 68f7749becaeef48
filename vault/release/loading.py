"""The one load of a release: everything it rests on, in one round trip, every guarded row checked.

This file alone reads other rooms' tables directly. The reason is the round trip: asked one after the other, the
rooms' own acts would be nine queries on the hot path. Each row is checked by its own model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import JSONB

from vault.accounts.tables import Person
from vault.clock import from_millis, millis
from vault.consent.tables import Grant
from vault.crypto.canonical import unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.db import Guarded
from vault.errors import Tampered
from vault.ids import GrantId, PersonId, ReleaseId
from vault.profile.opening import SealedAttestation, SealedVersion
from vault.release.limits import WINDOWS, Limits, Used
from vault.release.tables import Approval
from vault.requesters.declarations import Declaration, declaration_digest
from vault.requesters.permits import Permit, PermitTerms
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester

Row = Mapping[str, Any]
MOST_REMEMBERED: Final = 4096


class Guard:
    """How a guarded table is loaded by plain SQL: what to select, and the checked row from what came back."""

    def __init__(self, model: type[Guarded], alias: str, *beside: str) -> None:
        self._model = model
        self._names = (*model.guarded_columns(), "mac", *beside)
        columns = model.__table__.columns
        self._json = tuple(name for name in self._names if isinstance(columns[name].type, JSONB))
        self.columns = f"ROW({', '.join(self._column(alias, name) for name in self._names)})"

    def _column(self, alias: str, name: str) -> str:
        return f"{alias}.{name}::text" if name in self._json else f"{alias}.{name}"

    def row(self, ring: KeyRing, values: tuple[Any, ...]) -> dict[str, Any]:
        """The row by column name. Raises Tampered when its MAC does not fit, or when there is no such row."""
        row = dict(zip(self._names, values, strict=True))
        for name in self._json:
            if row[name] is not None:
                row[name] = msgspec.json.decode(row[name])
        self._model.check(ring, row)
        return row


GRANT: Final = Guard(Grant, "g")
PERSON: Final = Guard(Person, "p")
CLIENT: Final = Guard(Client, "c")
REQUESTER: Final = Guard(Requester, "r")
DECLARATION: Final = Guard(DeclarationRow, "d", "body")
PERMIT: Final = Guard(PermitRow, "t")
APPROVAL: Final = Guard(Approval, "a", "share", "used_at")
_VERSION: Final = tuple(SealedVersion.__dataclass_fields__)
_ATTESTATION: Final = ("id", *SealedAttestation.__dataclass_fields__)
_EARLIER: Final = ("id", "request_digest", "state", "items", "versions", "commit_key", "entry_id", "at", "reason")


def _row(alias: str, names: Sequence[str]) -> str:
    columns = (f"{alias}.{name}::text" if name in {"items", "versions"} else f"{alias}.{name}" for name in names)
    return f"ROW({', '.join(columns)})"


class Wanted(NamedTuple):
    """What to load: the parameters of ``LOAD`` in order. ``sections``: those the token's items are in."""

    person: PersonId
    grant: GrantId
    sections: list[str]
    idempotency_key: str


LOAD: Final = f"""
SELECT
    {GRANT.columns}, {PERSON.columns}, {CLIENT.columns}, {REQUESTER.columns}, {DECLARATION.columns}, {PERMIT.columns},
    u.uses, u.window_start, u.window_uses, s.next_n, s.key,
    ARRAY(SELECT ROW(w.compartment, w.wrapped) FROM grant_wraps w WHERE w.person_id = $1 AND w.grant_id = $2),
    ARRAY(
        SELECT ROW(k.section, k.compartment, k.number, k.sealed) FROM grant_parts k
        WHERE k.person_id = $1 AND k.grant_id = $2 AND k.section = ANY ($3)
    ),
    ARRAY(
        SELECT {_row("v", _VERSION)} FROM unnest($3::text[]) AS wanted (section)
        CROSS JOIN LATERAL (
            SELECT * FROM section_versions v
            WHERE v.person_id = $1 AND v.section = wanted.section
              AND v.number <= COALESCE((e.versions -> 'sections' ->> wanted.section)::bigint, {2**62})
            ORDER BY v.number DESC LIMIT 1
        ) v
    ),
    ARRAY(SELECT {_row("n", _ATTESTATION)} FROM attestations n WHERE n.person_id = $1 AND n.section = ANY ($3)),
    CASE WHEN e.id IS NOT NULL THEN {_row("e", _EARLIER)} END,
    CASE WHEN a.id IS NOT NULL THEN {APPROVAL.columns} END
FROM grants g
JOIN persons p ON p.person_id = g.person_id
JOIN clients c ON c.id = g.client_id
JOIN requesters r ON r.id = g.requester_id
JOIN declarations d ON d.id = g.declaration_id
JOIN permits t ON t.declaration_id = g.declaration_id
JOIN grant_uses u ON u.person_id = g.person_id AND u.grant_id = g.id
JOIN ledger_subjects s ON s.person_id = g.person_id
LEFT JOIN releases e ON e.person_id = g.person_id AND e.grant_id = g.id AND e.idempotency_key = $4
LEFT JOIN approvals a ON a.person_id = e.person_id AND a.release_id = e.id
WHERE g.person_id = $1 AND g.id = $2
"""  # noqa: S608 - put together from column names of the models


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands under this idempotency key already."""

    id: ReleaseId
    request_digest: bytes
    state: str
    items: list[dict[str, str]]
    versions: dict[str, Any]
    commit_key: bytes | None
    entry_id: UUID
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything a release rests on. Mappings are checked rows by column name."""

    grant: Row
    person: Row
    client: Row
    requester: Row
    declaration: Row
    body: Declaration
    permit: Row
    permit_digest: bytes
    used: Used
    next_n: int
    subject_key: bytes
    wraps: dict[str, bytes]
    parts: dict[tuple[str, str, int], bytes]
    versions: list[SealedVersion]
    attestations: list[tuple[UUID, SealedAttestation]]
    earlier: Earlier | None
    approval: Row | None

    @property
    def person_id(self) -> PersonId:
        """Whose data it is."""
        return PersonId(self.grant["person_id"])

    @property
    def grant_id(self) -> GrantId:
        """Under which consent."""
        return GrantId(self.grant["id"])

    @property
    def limits(self) -> Limits:
        """How often the person allowed it."""
        frequency = self.grant["frequency"]
        return Limits(self.grant["max_uses"], frequency["count"], WINDOWS[frequency["per"]])


class Loader:
    """Loads and checks. One per process.

    The register's rows, which many releases share, are remembered by everything that was loaded of them: rows that
    are the same to the last byte are not checked twice, and rows that were edited are.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._remembered: dict[tuple[Any, ...], _Register] = {}

    async def load(self, connection: Any, wanted: Wanted) -> Loaded | None:
        """One round trip. None when this person has no such grant. Raises Tampered when any row was edited."""
        found = await connection.fetchrow(LOAD, *wanted)
        return None if found is None else self._checked(tuple(found))

    def _checked(self, found: tuple[Any, ...]) -> Loaded:
        ring = self._ring
        register = self._register(found[2:6])
        earlier = None if found[15] is None else _earlier(found[15])
        return Loaded(
            grant=GRANT.row(ring, found[0]),
            person=PERSON.row(ring, found[1]),
            client=register.client,
            requester=register.requester,
            declaration=register.declaration,
            body=register.body,
            permit=register.permit,
            permit_digest=register.permit_digest,
            used=Used(*found[6:9]),
            next_n=found[9],
            subject_key=found[10],
            wraps=dict(found[11]),
            parts={(section, compartment, number): sealed for section, compartment, number, sealed in found[12]},
            versions=[SealedVersion(*values) for values in found[13]],
            attestations=[(values[0], SealedAttestation(*values[1:])) for values in found[14]],
            earlier=earlier,
            approval=None if found[16] is None else APPROVAL.row(ring, found[16]),
        )

    def _register(self, values: tuple[Any, ...]) -> "_Register":
        known = self._remembered.get(values)
        if known is None:
            known = _check_register(self._ring, values)
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[values] = known
        return known


@dataclass(frozen=True, slots=True)
class _Register:
    """The registry's side of a grant, checked."""

    client: Row
    requester: Row
    declaration: Row
    body: Declaration
    permit: Row
    permit_digest: bytes


def _check_register(ring: KeyRing, values: tuple[Any, ...]) -> _Register:
    client, requester = CLIENT.row(ring, values[0]), REQUESTER.row(ring, values[1])
    declaration, permit = DECLARATION.row(ring, values[2]), PERMIT.row(ring, values[3])
    body = msgspec.convert(declaration["body"], Declaration)
    digest = declaration_digest(body)
    if not same(digest, declaration["digest"]) or not same(digest, permit["declaration_digest"]):
        raise Tampered(private="a declaration does not fit its digest or its permit")
    if client["declaration_id"] != declaration["id"] or not (
        client["requester_id"] == declaration["requester_id"] == requester["id"]
    ):
        raise Tampered(private="client, declaration and requester do not belong together")
    return _Register(client, requester, declaration, body, permit, _permit_digest(declaration, permit))


def _permit_digest(declaration: Row, permit: Row) -> bytes:
    terms = PermitTerms(
        permit["declaration_digest"], declaration["requester_id"], from_millis(millis(permit["signed_until"]))
    )
    signed = {UUID(hex=each["officer"]): unb64(each["signature"]) for each in permit["signatures"]}
    return Permit(declaration["id"], terms, signed).digest()


def _earlier(values: tuple[Any, ...]) -> Earlier:
    row = dict(zip(_EARLIER, values, strict=True))
    row["items"], row["versions"] = msgspec.json.decode(row["items"]), msgspec.json.decode(row["versions"])
    return Earlier(**row)
