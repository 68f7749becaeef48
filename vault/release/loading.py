"""The one load of a release: everything it rests on, in one round trip, every guarded row checked.

This file alone reads other rooms' tables directly. The reason is the round trip: asked one after the other, the
rooms' own acts would be nine queries on the hot path. Each row is checked as its own model would.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from vault.accounts.tables import Person
from vault.clock import from_millis, millis
from vault.consent.tables import Grant
from vault.crypto.canonical import unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.remembered import Remembered
from vault.crypto.sealing import same
from vault.errors import Tampered
from vault.profile.opening import SealedAttestation, SealedVersion, Signed
from vault.registry.tables import Staff
from vault.release.guarded import Before, Fitted, Guard
from vault.release.limits import Used
from vault.release.loaded import Earlier, Loaded, Registered, Row, Stands, Wanted
from vault.release.tables import Approval, StandingApproval
from vault.release.together import Together
from vault.requesters.declarations import stored_declaration, stored_digest
from vault.requesters.liveness import lapses
from vault.requesters.narrowing import narrowed
from vault.requesters.permits import Permit, PermitTerms
from vault.requesters.tables import Client, DeclarationRow, PermitRow, Requester

MOST_REMEMBERED, MOST_DIGESTS, MOST_TOGETHER, AT_ONCE = 4096, 65_536, 32, 1
Found = tuple[Any, ...]

GRANT: Final = Guard(Grant, "g")
PERSON: Final = Guard(Person, "p")
CLIENT: Final = Guard(Client, "c")
REQUESTER: Final = Guard(Requester, "r")
DECLARATION: Final = Guard(DeclarationRow, "d", "body")
PERMIT: Final = Guard(PermitRow, "t")
APPROVAL: Final = Guard(Approval, "a", "share", "used_at")
STANDING: Final = Guard(StandingApproval, "a", "share", "uses")
STAFF: Final = Guard(Staff, "o")
_VERSION: Final = SealedVersion.__struct_fields__
_ATTESTATION: Final = ("id", *SealedAttestation.__struct_fields__)
_EARLIER: Final = tuple(Earlier.__dataclass_fields__)


def _row(alias: str, names: Sequence[str]) -> str:
    columns = (f"{alias}.{name}::text" if name in {"items", "versions"} else f"{alias}.{name}" for name in names)
    return f"ROW({', '.join(columns)})"


_WANTED: Final = f"""
    {GRANT.columns}, {PERSON.columns}, u.uses, u.window_start, u.window_uses, s.next_n, s.key,
    ARRAY(SELECT ROW(w.compartment, w.wrapped) FROM grant_wraps w WHERE w.person_id = $person AND w.grant_id = $grant),
    ARRAY(
        SELECT ROW(k.section, k.compartment, k.number, k.sealed) FROM grant_parts k
        WHERE k.person_id = $person AND k.grant_id = $grant AND k.section = ANY ($sections)
    ),
    ARRAY(
        SELECT {_row("v", _VERSION)} FROM unnest($sections) AS wanted (section)
        CROSS JOIN LATERAL (
            SELECT * FROM section_versions v
            WHERE v.person_id = $person AND v.section = wanted.section
              AND v.number <= COALESCE((e.versions -> 'sections' ->> wanted.section)::bigint, {2**62})
            ORDER BY v.number DESC LIMIT 1
        ) v
    ),
    ARRAY(
        SELECT {_row("n", _ATTESTATION)} FROM attestations n
        WHERE n.person_id = $person AND n.section = ANY ($sections)
    ),
    CASE WHEN e.id IS NOT NULL THEN {_row("e", _EARLIER)} END,
    CASE WHEN e.id IS NOT NULL THEN (
        SELECT {APPROVAL.columns} FROM approvals a WHERE a.person_id = $person AND a.release_id = e.id
    ) END
"""  # noqa: S608 - put together from column names of the models

_FROM: Final = """
JOIN persons p ON p.person_id = g.person_id
JOIN grant_uses u ON u.person_id = g.person_id AND u.grant_id = g.id
JOIN ledger_subjects s ON s.person_id = g.person_id
LEFT JOIN releases e ON e.person_id = $person AND e.grant_id = $grant AND e.idempotency_key = $key
"""


def _load(text: str, **names: str) -> str:
    for name, put in names.items():
        text = text.replace(f"${name}", put)
    return text


LOAD: Final = _load(
    f"SELECT {_WANTED} FROM grants g {_FROM} WHERE g.person_id = $person AND g.id = $grant",  # noqa: S608 - as above
    person="$1",
    grant="$2",
    sections="$3::text[]",
    key="$4",
)
"""What one release rests on."""

LOAD_MANY: Final = _load(
    f"""
SELECT asked.n, {_WANTED}
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) WITH ORDINALITY
    AS asked (person, grant_id, sections, key, n)
JOIN grants g ON g.person_id = asked.person AND g.id = asked.grant_id {_FROM}
""",  # noqa: S608 - as above
    person="asked.person",
    grant="asked.grant_id",
    sections="string_to_array(asked.sections, ' ')",
    key="asked.key",
)
"""The same for many at once: ``n`` says which, from 1; whoever has no such grant is left out."""

REGISTER: Final = f"""
SELECT {CLIENT.columns}, {REQUESTER.columns}, {DECLARATION.columns}, {PERMIT.columns},
       c.xmin, r.xmin, d.xmin, t.xmin
FROM clients c
JOIN requesters r ON r.id = c.requester_id
JOIN declarations d ON d.id = c.declaration_id
JOIN permits t ON t.declaration_id = c.declaration_id
WHERE c.id = $1
"""  # noqa: S608 - put together from column names of the models


STAND: Final = f"""
SELECT {STANDING.columns}, {STAFF.columns}, o.xmin
FROM standing_approvals a JOIN staff o ON o.id = a.officer_id
WHERE a.person_id = $1 AND a.grant_id = $2
ORDER BY a.id DESC LIMIT 1
"""  # noqa: S608 - put together from column names of the models


class Loader:
    """Loads and checks. One per process: it remembers the register's rows, which many releases share, and loads
    together what is asked for at the same time.

    What is remembered decides nothing on its own: it is used only while all of it is live, and only where the
    statement that records compares its revisions with the rows as they are at that moment.
    """

    def __init__(self, ring: KeyRing, pool: asyncpg.Pool) -> None:
        self._ring = ring
        self._pool = pool
        self._remembered: Remembered[UUID, Registered] = Remembered(MOST_REMEMBERED)
        fitted, signed = Fitted(MOST_DIGESTS), Signed(MOST_DIGESTS)
        self.by_digest = Before(None, fitted, signed)
        self._before = Before(Remembered(MOST_REMEMBERED), fitted, signed)
        self._loads: Together[Wanted, Found | None] = Together(self.find, most=MOST_TOGETHER, at_once=AT_ONCE)

    async def load(self, wanted: Wanted, now: datetime, *, fresh: bool) -> Loaded | None:
        """One round trip, and a second one where the register is not remembered or must be ``fresh``.

        None when this person has no such grant of this client. Raises Tampered when any row was edited.
        """
        client = wanted.client
        found = await self._loads.ask(wanted)
        register = None if fresh else self._remembered.get(client)
        is_fresh = register is None or bool(lapses(register.standings(), now))
        if is_fresh or register is None:
            register = await self.register(client)
        if found is None or register is None:
            return None
        loaded = checked(self._ring, found, register, is_fresh=is_fresh, before=self._before)
        return loaded if loaded.grant["client_id"] == client else None

    async def standing(self, loaded: Loaded) -> Loaded:
        """The same with the grant's newest standing approval, if there is one: another round trip, for grants with
        sensitive items alone. Raises Tampered when any row was edited."""
        async with self._pool.acquire() as connection:
            found = await connection.fetchrow(STAND, loaded.person_id, loaded.grant_id)
        if found is None:
            return loaded
        approval, officer, revision = found
        stands = Stands(STANDING.row(self._ring, approval), STAFF.row(self._ring, officer), revision)
        return msgspec.structs.replace(loaded, standing=stands)

    async def find(self, asked: Sequence[Wanted]) -> Sequence[Found | None]:
        """What :func:`checked` reads, for each; None where there is no such grant."""
        async with self._pool.acquire() as connection:
            if len(asked) == 1:
                person, grant, _, sections, key = asked[0]
                row = await connection.fetchrow(LOAD, person, grant, sections, key)
                return [None if row is None else tuple(row)]
            persons, grants, _, sections, keys = (list(column) for column in zip(*asked, strict=True))
            rows = await connection.fetch(LOAD_MANY, persons, grants, [" ".join(each) for each in sections], keys)
        found = {row[0]: tuple(row)[1:] for row in rows}
        return [found.get(number) for number in range(1, len(asked) + 1)]

    async def register(self, client: UUID) -> Registered | None:
        """The registry's side as it is now. Raises Tampered."""
        self._remembered.forget(client)
        async with self._pool.acquire() as connection:
            found = await connection.fetchrow(REGISTER, client)
        return None if found is None else self._remembered.put(client, _check_register(self._ring, tuple(found)))


def checked(ring: KeyRing, found: Found, register: Registered, *, is_fresh: bool, before: Before) -> Loaded:
    """What one row of LOAD says. Raises Tampered."""
    grant, person, uses, window_start, window_uses, next_n, subject_key = found[:7]
    wraps, parts, versions, attestations, earlier, approval = found[7:]
    loaded = Loaded(
        grant=GRANT.row(ring, grant, before),
        person=PERSON.row(ring, person, before),
        used=Used(uses, window_start, window_uses),
        next_n=next_n,
        subject_key=subject_key,
        wraps=dict(wraps),
        parts={(section, compartment, number): sealed for section, compartment, number, sealed in parts},
        versions=[SealedVersion(*values) for values in versions],
        attestations=[(values[0], SealedAttestation(*values[1:])) for values in attestations],
        earlier=None if earlier is None else _earlier(earlier),
        approval=None if approval is None else APPROVAL.row(ring, approval),
        register=register,
        is_fresh=is_fresh,
        signed=before.signed,
    )
    if loaded.grant["declaration_id"] != register.declaration["id"]:
        raise Tampered(private="a grant and its client are of different declarations")
    return loaded


def _check_register(ring: KeyRing, found: tuple[Any, ...]) -> Registered:
    client, requester = CLIENT.row(ring, found[0]), REQUESTER.row(ring, found[1])
    declaration, permit = DECLARATION.row(ring, found[2]), PERMIT.row(ring, found[3])
    try:
        body = stored_declaration(declaration["body"])
    except msgspec.ValidationError:
        raise Tampered(private="a declaration is not of its shape") from None
    digest = stored_digest(declaration["body"])
    if not same(digest, declaration["digest"]) or not same(digest, permit["declaration_digest"]):
        raise Tampered(private="a declaration does not fit its digest or its permit")
    body = narrowed(body, declaration["narrowed"])
    if not client["requester_id"] == declaration["requester_id"] == requester["id"]:
        raise Tampered(private="client, declaration and requester do not belong together")
    permit_digest = _permit_digest(declaration, permit)
    return Registered(client, requester, declaration, body, permit, permit_digest, revisions=found[4:])


def _permit_digest(declaration: Row, permit: Row) -> bytes:
    terms = PermitTerms(
        permit["declaration_digest"], declaration["requester_id"], from_millis(millis(permit["signed_until"]))
    )
    signed = {UUID(hex=each["officer"]): unb64(each["signature"]) for each in permit["signatures"]}
    return Permit(declaration["id"], terms, signed).digest()


def _earlier(values: tuple[Any, ...]) -> Earlier:
    row: dict[str, Any] = dict(zip(_EARLIER, values, strict=True))
    decoded = {name: msgspec.json.decode(row[name]) for name in ("items", "versions")}
    return Earlier(**row | decoded)
