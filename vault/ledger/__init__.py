"""The release ledger: an append-only log that anyone can check.

Does: takes events into an outbox inside the act's own transaction (``log``), puts them into an
RFC 6962 tree with signed checkpoints (``sequencer``), hands out receipts (``follower``, ``reading``)
and checks all of it again from the rows (``fsck``) or without any database (``verify``).
Trusts: PostgreSQL for durability; the key ring for signatures; nobody for the past, which is why
``fsck`` and every holder of a checkpoint can find a rewrite.
Promises: an act and its entry commit together or not at all; an entry, once in the tree, cannot be
changed, dropped or reordered without a signed checkpoint giving it away; a leaf holds no value and no
identifier of a person, and only the holder of the person's ledger key can tell whom it is about.

What survives a crash, and what it is worth:

==================  ====================================================================
outbox row          the promise: the act is recorded and cannot be lost; not yet provable
entry, body         the proof: written in one statement with head, tiles and checkpoint
head                where the tree stands; recomputed from the rows at every start
checkpoint          what we signed: whatever contradicts it is refused, and alarmed about
right edge          in memory only; rebuilt from tiles and leaf hashes, compared with head
==================  ====================================================================
"""
