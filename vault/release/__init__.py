"""Releases: the one way by which a person's data leaves the vault.

Does: delivers what a grant allows, in the forms it allows, with a receipt; keeps sensitive releases
waiting for a release officer; records refusals; tells a person who got what.
Trusts: the access token for who asks and for the person's share, the key ring for the registry's share,
the officer's approval for the third; the database for durability and locks, not for the truth of rows.
Promises: nothing leaves before its entry is durable and its receipt is there; every status, limit and
version is checked again under the grant's row lock in the statement that records the entry; a repeated
request under the same idempotency key is one release, never two.
"""
