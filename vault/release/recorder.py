"""Step 7 for many at once: releases that come to be recorded at the same time share one statement and one commit.

What one release promises holds for each of them: the statement takes each grant's row lock, checks every status,
version and limit of that release again, counts its use and puts its draft into the outbox, or does nothing at all for
it. Nobody waits for somebody else's lock: a grant that is locked just now is left to the statement of its own, and so
is everything when something breaks the common one (a proof that was used before, a key that is there already), which
is then undone as a whole. Persons come in the order of their ids and none twice, so that no two statements wait in a
circle.

A release that waited for an officer always goes alone. So does everything where ``most`` is 1, the lines of batches
too: that is for databases distributed by person, where one statement may lock the rows of one person only (design,
section 8).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from vault.db import sqlstate
from vault.ledger.log import SHARD
from vault.release.recording import ROLLED_BACK, Delivery, allowed, record, try_to_record
from vault.release.recording import names as named
from vault.release.together import Together

MOST_TOGETHER: Final = 32
AT_ONCE: Final = 2

MANY: Final = f"""
WITH register AS MATERIALIZED (
    SELECT x.n
    FROM unnest($1::bigint[], $2::uuid[], $3::xid[], $4::uuid[], $5::xid[], $6::uuid[], $7::xid[], $8::xid[])
        AS x (n, client, client_at, requester, requester_at, declaration, declaration_at, permit_at)
    WHERE EXISTS (SELECT FROM clients c WHERE c.id = x.client AND c.xmin = x.client_at AND {allowed("c", "$9")})
      AND EXISTS (
        SELECT FROM requesters r
        WHERE r.id = x.requester AND r.xmin = x.requester_at
          AND {allowed("r", "$9", may_lapse=True)} AND r.valid_until > $9)
      AND EXISTS (
        SELECT FROM declarations d
        WHERE d.id = x.declaration AND d.xmin = x.declaration_at
          AND {allowed("d", "$9", may_lapse=True)} AND d.valid_until > $9)
      AND EXISTS (
        SELECT FROM permits t
        WHERE t.declaration_id = x.declaration AND t.xmin = x.permit_at
          AND {allowed("t", "$9")} AND t.valid_until > $9)
), asked AS (
    SELECT *
    FROM unnest(
        $10::bigint[], $11::uuid[], $12::uuid[], $13::bigint[], $14::bigint[], $15::bigint[], $16::timestamptz[],
        $17::timestamptz[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bytea[], $22::bytea[], $23::timestamptz[],
        $24::uuid[], $25::bytea[], $26::uuid[], $27::text[], $28::bytea[], $29::text[], $30::text[], $31::text[],
        $32::bytea[]
    ) AS a (
        register, person, grant_id, grant_version, epoch, person_version, at,
        window_from, max_uses, window_count, next_n, tags, seen, seen_until,
        entry, draft, release, idempotency_key, request_digest, purpose, items, versions,
        commit_key
    )
), held AS (
    SELECT a.*, g.requester_id, g.client_id, g.declaration_id
    FROM asked a
    JOIN grants g ON g.person_id = a.person AND g.id = a.grant_id
    WHERE g.version = a.grant_version AND g.token_epoch = a.epoch
      AND {allowed("g", "$9", may_lapse=True)} AND g.expires_at > $9
      AND EXISTS (
        SELECT FROM persons p WHERE p.person_id = a.person AND p.version = a.person_version AND p.status = 'active')
      AND a.register = ANY (SELECT n FROM register)
    ORDER BY a.person
    FOR UPDATE OF g SKIP LOCKED
), used AS (
    UPDATE grant_uses u SET
        uses = u.uses + 1,
        last_used_at = held.at,
        window_start = CASE WHEN u.window_start > held.window_from THEN u.window_start ELSE held.at END,
        window_uses = CASE WHEN u.window_start > held.window_from THEN u.window_uses + 1 ELSE 1 END
    FROM held
    WHERE u.person_id = held.person AND u.grant_id = held.grant_id
      AND (held.max_uses IS NULL OR u.uses < held.max_uses)
      AND (u.window_start IS NULL OR u.window_start <= held.window_from OR u.window_uses < held.window_count)
    RETURNING held.*
), released AS (
    INSERT INTO releases (
        person_id, id, grant_id, requester_id, client_id, declaration_id, idempotency_key, request_digest, state,
        purpose, items, versions, commit_key, entry_id, at, decided_at
    )
    SELECT person, release, grant_id, requester_id, client_id, declaration_id, idempotency_key, request_digest,
        'delivered', purpose, items::jsonb, versions::jsonb, commit_key, entry, at, at
    FROM used
), numbered AS (
    UPDATE ledger_subjects s SET next_n = s.next_n + 1
    FROM used WHERE s.person_id = used.person
    RETURNING used.entry, used.draft, used.seen, used.seen_until,
        substr(used.tags, 32 * (s.next_n - 1 - used.next_n)::int + 1, 32) AS tag, s.next_n - used.next_n AS step,
        octet_length(used.tags) / 32 AS prepared
), proof AS (
    INSERT INTO seen_proofs (hash, expires_at) SELECT seen, seen_until FROM numbered WHERE octet_length(seen) > 0
)
INSERT INTO ledger_outbox (shard, id, draft, tag)
SELECT {SHARD}, CASE WHEN step BETWEEN 1 AND prepared THEN entry END, draft, tag
FROM numbered
RETURNING id
"""  # noqa: S608 - put together from the table of standings
"""What :data:`vault.release.recording.FRESH` does for one release, for each of many. Where the person's number has run
past the tags that were prepared the entry's id is NULL, which the outbox refuses, and the whole statement is undone."""


class Recorder:
    """Records deliveries, together where several come at once. One per process."""

    def __init__(self, pool: asyncpg.Pool, *, most: int = MOST_TOGETHER) -> None:
        self._pool = pool
        self._most = most
        self._together: Together[Delivery, bool] = Together(
            self._record, most=most, at_once=AT_ONCE, key=lambda delivery: delivery.loaded.person_id
        )

    async def record(self, delivery: Delivery) -> None:
        """Record one delivery. Raises what :func:`vault.release.recording.record` raises."""
        is_plain = delivery.loaded.earlier is None and delivery.spending is None
        if is_plain and await self._together.ask(delivery):
            return
        async with self._pool.acquire() as connection:
            await record(connection, delivery)

    async def record_new(self, connection: Any, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Whether each was recorded: all new, none with an approval, no two of the same person. In one statement, or
        each in its own where no more may be locked together. Of those that were not, nothing has happened."""
        if self._most == 1 or len(deliveries) == 1:
            return [await try_to_record(connection, each) for each in deliveries]
        return await record_many(connection, deliveries)

    async def _record(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Whether each was recorded. False: it goes alone, may wait, and hears why."""
        async with self._pool.acquire() as connection:
            return await self.record_new(connection, deliveries)


async def record_many(connection: Any, deliveries: Sequence[Delivery]) -> Sequence[bool]:
    """Whether each was recorded, by one statement: all new, none with an approval, no two of the same person. Of those
    that were not, nothing has happened."""
    try:
        rows = await connection.fetch(MANY, *arguments(deliveries))
    except (asyncpg.UniqueViolationError, asyncpg.NotNullViolationError):
        return [False] * len(deliveries)
    except asyncpg.PostgresError as error:
        if sqlstate(error) not in ROLLED_BACK:
            raise
        return [False] * len(deliveries)
    done = {row[0] for row in rows}
    return [each.entry_id in done for each in deliveries]


def arguments(deliveries: Sequence[Delivery]) -> list[Any]:
    """$1 to $32: the registers that the deliveries rest on, the moment, then the deliveries by column."""
    registers: dict[tuple[Any, ...], int] = {}
    columns = zip(*(_row(each, registers) for each in deliveries), strict=True)
    now: datetime = max(each.now for each in deliveries)
    return [list(registers.values()), *map(list, zip(*registers, strict=True)), now, *map(list, columns)]


def _row(delivery: Delivery, registers: dict[tuple[Any, ...], int]) -> tuple[Any, ...]:
    loaded, limits, grant = delivery.loaded, delivery.loaded.limits, delivery.loaded.grant
    return (
        registers.setdefault(_register(delivery), len(registers)),
        grant["person_id"],
        grant["id"],
        grant["version"],
        grant["token_epoch"],
        loaded.person["version"],
        delivery.now,
        delivery.now - limits.window,
        limits.max_uses,
        limits.count,
        loaded.next_n,
        b"".join(delivery.tags),
        delivery.proof.seen,
        delivery.proof.expires_at,
        delivery.entry_id,
        delivery.draft,
        delivery.release,
        delivery.idempotency_key,
        delivery.request_digest,
        loaded.body.purpose.code,
        msgspec.json.encode(named(delivery.package)).decode(),
        msgspec.json.encode(delivery.package.versions).decode(),
        delivery.commit_key,
    )


def _register(delivery: Delivery) -> tuple[UUID | int, ...]:
    grant, (client, requester, declaration, permit) = delivery.loaded.grant, delivery.loaded.register.revisions
    return (
        *(grant["client_id"], client),
        *(grant["requester_id"], requester),
        *(grant["declaration_id"], declaration, permit),
    )
