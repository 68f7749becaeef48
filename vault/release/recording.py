"""Recording a delivery: one statement, which is its own transaction.

Everything that may have changed since the load is checked again here, under the grant's row lock: statuses and
versions of every row the decision rests on, the times, the uses, the window. The same statement counts the use,
refuses a replayed proof, takes the person's next ledger number, and puts the finished draft into the outbox. So
there is no moment in which a part of it has happened. The register's rows are compared by ``xmin``: what was checked
when it was loaded, perhaps for an earlier release, must be the very row that stands there now.

The statement must do all of it or nothing, and a condition that fails inside a common table expression only
yields no row. So whenever the lock was had but a later part found nothing, the entry's id is NULL, which the
outbox refuses, and the whole statement is rolled back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from vault.db import constraint, sqlstate
from vault.errors import Unavailable
from vault.ids import EntryId, ReleaseId
from vault.ledger.log import SHARD
from vault.release.caller import Proof
from vault.release.loaded import Loaded
from vault.release.package import Package
from vault.release.spending import arguments_of, spent
from vault.release.standing import Spending
from vault.requesters.standing import Capability, kept_in


def allowed(alias: str, now: str, *, may_lapse: bool = False) -> str:
    """That the row's status lets data go, as the table of standings has it; a suspension that lapsed does."""
    kept = f"{alias}.status IN ({', '.join(repr(str(state)) for state in kept_in(Capability.DISCLOSE))})"
    return f"({kept} OR {alias}.status = 'suspended' AND {alias}.suspended_until <= {now})" if may_lapse else kept


_HELD: Final = f"""
WITH held AS (
    SELECT g.person_id
    FROM grants g
    WHERE g.person_id = $1 AND g.id = $2 AND g.version = $3 AND g.token_epoch = $4
      AND {allowed("g", "$5", may_lapse=True)} AND g.expires_at > $5
      AND EXISTS (SELECT FROM persons p WHERE p.person_id = $1 AND p.version = $6 AND p.status = 'active')
      AND EXISTS (SELECT FROM clients c WHERE c.id = $7 AND c.xmin = $8 AND {allowed("c", "$5")})
      AND EXISTS (
        SELECT FROM requesters r
        WHERE r.id = $9 AND r.xmin = $10 AND {allowed("r", "$5", may_lapse=True)} AND r.valid_until > $5)
      AND EXISTS (
        SELECT FROM declarations d
        WHERE d.id = $11 AND d.xmin = $12 AND {allowed("d", "$5", may_lapse=True)} AND d.valid_until > $5)
      AND EXISTS (
        SELECT FROM permits t
        WHERE t.declaration_id = $11 AND t.xmin = $13 AND {allowed("t", "$5")} AND t.valid_until > $5)
    FOR UPDATE OF g
), used AS (
    UPDATE grant_uses u SET
        uses = u.uses + 1,
        last_used_at = $5,
        window_start = CASE WHEN u.window_start > $14 THEN u.window_start ELSE $5 END,
        window_uses = CASE WHEN u.window_start > $14 THEN u.window_uses + 1 ELSE 1 END
    FROM held
    WHERE u.person_id = $1 AND u.grant_id = $2
      AND ($15::bigint IS NULL OR u.uses < $15)
      AND (u.window_start IS NULL OR u.window_start <= $14 OR u.window_uses < $16)
    RETURNING u.person_id
)"""  # noqa: S608 - put together from the table of standings

_NUMBERED: Final = """
, numbered AS (
    UPDATE ledger_subjects s SET next_n = s.next_n + 1
    FROM released WHERE s.person_id = $1
    RETURNING ($18::bytea[])[(s.next_n - $17)::int] AS tag
), proof AS (
    INSERT INTO seen_proofs (hash, expires_at) SELECT $19, $20 FROM numbered WHERE octet_length($19::bytea) > 0
)"""

_DONE: Final = f"""
INSERT INTO ledger_outbox (shard, id, draft, tag)
SELECT {SHARD}, CASE WHEN numbered.tag IS NOT NULL THEN $21::uuid END, $22, numbered.tag
FROM held LEFT JOIN numbered ON true
"""  # noqa: S608 - put together from constants

_RELEASED: Final = """
, released AS (
    INSERT INTO releases (
        person_id, id, grant_id, requester_id, client_id, declaration_id, idempotency_key, request_digest, state,
        purpose, items, versions, commit_key, entry_id, at, decided_at
    )
    SELECT $1, $23, $2, $9, $7, $11, $24, $25, 'delivered', $26, $27, $28, $29, $21, $5, $5 FROM {before}
    RETURNING person_id
)"""

FRESH: Final = "".join((_HELD, _RELEASED.format(before="used"), _NUMBERED, _DONE))
"""A release that needs no approval: its row is new, and the constraint on its idempotency key lets one in."""

UNLESS_LOCKED: Final = FRESH.replace("FOR UPDATE OF g", "FOR UPDATE OF g SKIP LOCKED")
"""The same for who must not wait: where somebody holds the grant's lock, nothing happens."""

APPROVED: Final = "".join(
    (
        _HELD,
        """
, spent AS (
    UPDATE approvals a SET used_at = $5, share = $28
    FROM used
    WHERE a.person_id = $1 AND a.id = $24 AND a.release_id = $23 AND a.version = $25
      AND a.decision = 'approve' AND a.used_at IS NULL AND a.share IS NOT NULL AND a.expires_at > $5
    RETURNING a.person_id
), released AS (
    UPDATE releases r SET
        state = 'delivered', versions = $26, commit_key = $27, entry_id = $21, at = $5
    FROM spent
    WHERE r.person_id = $1 AND r.id = $23 AND r.state = 'approved'
    RETURNING r.person_id
)""",
        _NUMBERED,
        _DONE,
    )
)
"""A release that waited: its approval is spent, its share replaced by what only repeats this release. Who comes
second finds it spent."""

STOOD: Final = "".join((_HELD, spent(30), _RELEASED.format(before="spent"), _NUMBERED, _DONE))
"""A release under a standing approval, of which it takes one use."""

STOOD_WAITED: Final = "".join(
    (
        _HELD,
        spent(26),
        """
, released AS (
    UPDATE releases r SET
        state = 'delivered', versions = $24, commit_key = $25, entry_id = $21, at = $5
    FROM spent
    WHERE r.person_id = $1 AND r.id = $23 AND r.state IN ('waiting', 'approved')
    RETURNING r.person_id
)""",
        _NUMBERED,
        _DONE,
    )
)
"""The same, of a release that waited before there was one."""

_REPLAYED: Final = "pk_seen_proofs"
ROLLED_BACK: Final = frozenset({"40001", "40P01"})


class Overtaken(Exception):
    """Something changed between load and record, and nothing was done: load again and see what."""


class Replayed(Exception):
    """The proof was used before. Nothing was done."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded. ``proof``: nothing is ``seen`` of it where one proof, used up already, covered several
    releases. ``tags``: the person's tags from number ``loaded.next_n`` on, of which the statement takes
    the one whose turn it is; ``used_share``: what takes the place of the approval's share, where there is one;
    ``spending``: what is done to the standing approval it rests on."""

    loaded: Loaded
    release: ReleaseId
    idempotency_key: str
    request_digest: bytes
    package: Package
    commit_key: bytes
    used_share: bytes | None
    spending: Spending | None = None
    entry_id: EntryId
    draft: bytes
    tags: list[bytes]
    proof: Proof
    now: datetime


async def record(connection: Any, delivery: Delivery) -> None:
    """Record a delivery, over a connection outside any transaction.

    Raises Overtaken or Replayed, after which nothing has happened. When the connection breaks nobody knows whether
    it has: the same idempotency key finds out.
    """
    statement, arguments = _statement(delivery)
    if not await _recorded(connection, statement, arguments):
        raise Overtaken


async def try_to_record(connection: Any, delivery: Delivery) -> bool:
    """The same for a new release that needs no approval, if nobody holds the grant's lock just now. False: nothing has
    happened."""
    try:
        return await _recorded(connection, UNLESS_LOCKED, _fresh(delivery)[1])
    except Overtaken:
        return False


async def _recorded(connection: Any, statement: str, arguments: list[Any]) -> bool:
    try:
        status = await connection.execute(statement, *arguments)
    except asyncpg.UniqueViolationError as error:
        raise (Replayed if constraint(error) == _REPLAYED else Overtaken) from error
    except asyncpg.NotNullViolationError as error:
        raise Overtaken from error
    except asyncpg.PostgresError as error:
        if sqlstate(error) in ROLLED_BACK:
            raise Overtaken from error
        raise
    return bool(status == "INSERT 0 1")


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn a failing database or a broken connection into Unavailable. Its own words may quote a row: only class
    and state are kept."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        private = f"{type(error).__name__} {sqlstate(error)}"
        raise Unavailable("The database does not answer.", private=private) from error


def _statement(delivery: Delivery) -> tuple[str, list[Any]]:
    is_new = delivery.loaded.earlier is None
    if delivery.spending is None:
        return _fresh(delivery) if is_new else _approved(delivery)
    if is_new:
        return STOOD, [*_fresh(delivery)[1], *arguments_of(delivery.spending)]
    beside = [delivery.release, delivery.package.versions, delivery.commit_key]
    return STOOD_WAITED, [*_common(delivery), *beside, *arguments_of(delivery.spending)]


def _fresh(delivery: Delivery) -> tuple[str, list[Any]]:
    beside = [
        delivery.release,
        delivery.idempotency_key,
        delivery.request_digest,
        delivery.loaded.body.purpose.code,
        names(delivery.package),
        delivery.package.versions,
        delivery.commit_key,
    ]
    return FRESH, [*_common(delivery), *beside]


def _approved(delivery: Delivery) -> tuple[str, list[Any]]:
    approval = delivery.loaded.approval
    assert approval is not None
    beside = [
        delivery.release,
        approval["id"],
        approval["version"],
        delivery.package.versions,
        delivery.commit_key,
        delivery.used_share,
    ]
    return APPROVED, [*_common(delivery), *beside]


def _common(delivery: Delivery) -> list[Any]:
    """$1 to $22."""
    loaded, limits = delivery.loaded, delivery.loaded.limits
    grant, (client, requester, declaration, permit) = loaded.grant, loaded.register.revisions
    return [
        grant["person_id"],
        grant["id"],
        grant["version"],
        grant["token_epoch"],
        delivery.now,
        loaded.person["version"],
        grant["client_id"],
        client,
        grant["requester_id"],
        requester,
        grant["declaration_id"],
        declaration,
        permit,
        delivery.now - limits.window,
        limits.max_uses,
        limits.count,
        loaded.next_n,
        delivery.tags,
        delivery.proof.seen,
        delivery.proof.expires_at,
        delivery.entry_id,
        delivery.draft,
    ]


def names(package: Package) -> list[dict[str, str]]:
    """Items and forms without values."""
    return [{"item": item, "form": form} for item, form in package.names]
