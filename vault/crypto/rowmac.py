"""The MAC on every row that gives power (public keys, roles, statuses, declarations, permits, limits).

A database administrator can change such a row but cannot make its MAC: the change is refused at the next load.
A column that is null is left out of the message: a table may grow by nullable guarded columns, and its old rows keep
their MACs.
"""

from collections.abc import Mapping

from vault.crypto.canonical import canonical_unchecked, plain
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import same
from vault.errors import CannotOpen, Tampered


def row_mac(ring: KeyRing, table: str, values: Mapping[str, object]) -> bytes:
    """Two bytes of key version, then 32 bytes of MAC over the table's name and the guarded columns."""
    version = ring.versions("row")[-1]
    return version.to_bytes(2) + ring.derive("row", _message(table, values), version=version)


def check_row(ring: KeyRing, table: str, values: Mapping[str, object], mac: bytes) -> None:
    """Raises Tampered unless the MAC fits the values."""
    try:
        expected = ring.derive("row", _message(table, values), version=int.from_bytes(mac[:2]))
    except CannotOpen:
        raise Tampered(private=f"row MAC of {table} names no key of the ring") from None
    if not same(expected, mac[2:]):
        raise Tampered(private=f"row MAC of {table} does not fit")


def _message(table: str, values: Mapping[str, object]) -> bytes:
    said = {name: plain(value) for name, value in values.items() if value is not None}
    return canonical_unchecked([table, said])  # plain leaves no floats
