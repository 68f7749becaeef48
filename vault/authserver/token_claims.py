"""What an access token says: the claims of its JWT. Pure."""

from typing import Any, Self

import msgspec

from vault.authserver.bindings import JKT, X5T, Binding


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the two (RFC 9449 section 6.1, RFC 8705 section 3.1)."""

    jkt: str | msgspec.UnsetType = msgspec.UNSET
    x5t: str | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name=X5T)

    def __post_init__(self) -> None:
        if (self.jkt is msgspec.UNSET) == (self.x5t is msgspec.UNSET):
            raise ValueError("a token is bound to one thing")

    @classmethod
    def of(cls, binding: Binding) -> Self:
        """The claim of a binding."""
        return cls(jkt=binding.thumbprint) if binding.method == JKT else cls(x5t=binding.thumbprint)

    @property
    def binding(self) -> Binding:
        """What it names."""
        return Binding(JKT, self.jkt) if isinstance(self.jkt, str) else Binding(X5T, str(self.x5t))


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place in one list."""

    idx: int
    uri: str


class Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to look up whether the token still holds (draft-ietf-oauth-status-list section 6.1)."""

    status_list: Reference


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """RFC 9068 section 2.2, ``cnf`` of RFC 7800, ``authorization_details`` of RFC 9396 section 9.1, ``status``, and of
    our own: grant, epoch (what withdrawals raise), key (which hourly key), share (under it), nonce (whether proofs
    need one)."""

    iss: str
    aud: str
    sub: str
    client_id: str
    iat: int
    exp: int
    jti: str
    cnf: Confirmation
    grant: str
    epoch: int
    authorization_details: list[dict[str, Any]]
    key: str
    share: str
    status: Status | msgspec.UnsetType = msgspec.UNSET
    nonce: bool | msgspec.UnsetType = msgspec.UNSET
