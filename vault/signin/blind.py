"""Blind indexes: how a login name or a national id is found without being stored.

A value is looked up under every live version of the ring's ``index`` key and written under every one
of them, so that uniqueness holds while a new version is being brought in.
"""

from vault.crypto.keyring import KeyRing

BlindIndex = dict[int, bytes]
"""Ring version -> 32 bytes, oldest first."""


def blind(ring: KeyRing, scheme: str, value: str) -> BlindIndex:
    """The index values of ``scheme:value`` under all live versions (design section 4). The value is normalised."""
    text = f"{scheme}:{value}".encode()
    return {version: ring.derive("index", text, version=version) for version in ring.versions("index")}
