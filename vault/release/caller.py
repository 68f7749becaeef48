"""Step 1 of a release: who asks. Whoever fails here is a stranger, and strangers are not in the ledger.

Tokens and proofs are another room's subject: a :class:`Gate` is handed in where the application is wired.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from vault.errors import Invalid, VaultError
from vault.ids import GrantId, PersonId

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


class Access(Protocol):
    """An access token, opened. ``items``: (item, form); ``sub``: the pairwise name; ``g``: the person's share."""

    @property
    def client_id(self) -> UUID: ...
    @property
    def grant(self) -> GrantId: ...
    @property
    def epoch(self) -> int: ...
    @property
    def items(self) -> tuple[tuple[str, str], ...]: ...
    @property
    def sub(self) -> str: ...
    @property
    def person(self) -> PersonId: ...
    @property
    def g(self) -> bytes: ...


class Proof(Protocol):
    """A proof that the caller holds the token's key. ``seen``: 32 bytes that must be new."""

    @property
    def seen(self) -> bytes: ...
    @property
    def expires_at(self) -> datetime: ...


class Shown(Protocol):
    """What a request shows of who sends it: its headers, its TLS certificate (DER), method and address."""

    @property
    def authorization(self) -> str: ...
    @property
    def proofs(self) -> Sequence[str]: ...
    @property
    def certificate(self) -> bytes | None: ...
    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...


class Gate(Protocol):
    """Admits callers to the API."""

    async def admit(self, shown: Shown, *, now: datetime) -> tuple[Access, Proof]:
        """Token and proof hold; whether the proof is new is still to be seen. Raises errors answered with 401."""
        ...

    async def take(self, proof: bytes, expires_at: datetime) -> None:
        """Use up a proof; raises what :meth:`replayed` gives when it was used before."""
        ...

    def replayed(self) -> VaultError:
        """The answer to a proof that was used before."""
        ...


class Caller(NamedTuple):
    """An authenticated request: its token, opened, and its proof, which must still turn out to be new."""

    access: Access
    proof: Proof


def check_idempotency_key(key: str) -> None:
    """1 to 128 visible ASCII characters. Raises Invalid."""
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise Invalid.field("Idempotency-Key", "must be 1 to 128 visible ASCII characters")
