"""The statements of the sequencer. One of them, ``COMMIT``, is the whole of a group commit.

``COMMIT`` is a compare-and-swap: unless the head still has the size and the epoch the caller knows,
every part of it does nothing and no row comes back. There is no state in which a part of it happened.
"""

from typing import Final

COMMIT: Final = """
WITH head AS (
    UPDATE ledger_heads SET size = $4, root = $5, frontier = $6, at = $7
    WHERE shard = $1 AND size = $2 AND epoch = $3
    RETURNING shard
), leaf AS (
    SELECT head.shard, $2 + l.ordinal - 1 AS idx, l.*
    FROM head, unnest(
        $8::uuid[], $9::bytea[], $10::bytea[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[],
        $16::text[], $17::text[], $18::bigint[]
    ) WITH ORDINALITY AS l (
        id, leaf_hash, body, at, event, requester, declaration, purpose, outcome, tag, seq, ordinal
    )
), entries AS (
    INSERT INTO ledger_entries (shard, idx, leaf_hash, id) SELECT shard, idx, leaf_hash, id FROM leaf
), ids AS (
    INSERT INTO ledger_ids (id, shard, idx) SELECT id, shard, idx FROM leaf
), bodies AS (
    INSERT INTO ledger_bodies
        (shard, idx, body, at, event, requester, declaration, purpose, outcome, tag, seq)
    SELECT shard, idx, body, at, event, requester, declaration, purpose, outcome, tag, seq FROM leaf
), tiles AS (
    INSERT INTO ledger_tiles (shard, level, n, hashes, root)
    SELECT head.shard, t.* FROM head, unnest($19::smallint[], $20::bigint[], $21::bytea[], $22::bytea[]) AS t
), checkpoints AS (
    INSERT INTO ledger_checkpoints (shard, size, note, at) SELECT shard, $4, $23, $7 FROM head
), drained AS (
    DELETE FROM ledger_outbox o USING head WHERE o.shard = head.shard AND o.id = ANY ($24::uuid[])
)
SELECT pg_notify('ledger_head', shard::text) FROM head
"""

DRAIN: Final = "SELECT id, draft, tag FROM ledger_outbox WHERE shard = $1 AND id > $2 ORDER BY id LIMIT $3"

LOCK: Final = "SELECT pg_try_advisory_lock($1, $2)"
"""A hint of who leads, so that the others wait in peace; what protects the tree is the epoch."""

NEW_EPOCH: Final = "UPDATE ledger_heads SET epoch = epoch + 1 WHERE shard = $1 RETURNING epoch"

HEAD: Final = """
SELECT h.size, h.root, h.frontier, h.epoch, c.size AS signed_size, c.note,
       EXISTS (SELECT FROM ledger_entries e WHERE e.shard = h.shard AND e.idx >= h.size) AS beyond
FROM ledger_heads h
LEFT JOIN LATERAL (
    SELECT size, note FROM ledger_checkpoints WHERE shard = h.shard ORDER BY size DESC LIMIT 1
) c ON true
WHERE h.shard = $1
"""

NEXT_SEQS: Final = """
SELECT wanted.requester, greatest((
    SELECT b.seq FROM ledger_bodies b
    WHERE b.shard = $1 AND b.requester = wanted.requester ORDER BY b.idx DESC LIMIT 1
) + 1, (
    SELECT following FROM ledger_sequences s WHERE s.shard = $1 AND s.requester = wanted.requester
))
FROM unnest($2::text[]) AS wanted (requester)
"""

IN_TREE: Final = """
SELECT i.id, b.body FROM ledger_ids i LEFT JOIN ledger_bodies b USING (shard, idx) WHERE i.id = ANY ($1::uuid[])
"""

FORGET: Final = "DELETE FROM ledger_outbox WHERE shard = $1 AND id = ANY ($2::uuid[])"

REPLAN: Final = "DISCARD PLANS"
"""A plan made while a table was small is ruinous once it is large, and analysis comes a minute late: plan anew
every second."""

PLANS: Final = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"
"""Rows are found by key, whatever is asked for: making a plan for each commit took a third of a millisecond."""

SETTINGS: Final = """
SELECT set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
       set_config('tcp_keepalives_count', '3', false), set_config('statement_timeout', '10s', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
           WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
"""
"""A dead leader's lock is gone within seconds; a commit that was not flushed is no commit."""
