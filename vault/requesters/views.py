"""What other rooms see of a requester: values, never rows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from vault.ids import DeclarationId, RequesterId
from vault.requesters.client_metadata import DEFAULT, ClientMetadata
from vault.requesters.declarations import Declaration


@dataclass(frozen=True)
class ClientView:
    """A live OAuth client. ``jwks`` is {"keys": [public JWK, …]}, those that hold now; ``requester_name``
    {"zh-CN": …, "en": …}; ``sandbox_of``: the client it is the sandbox of, one that sees test persons only."""

    client_id: UUID
    requester_id: RequesterId
    requester_name: dict[str, str]
    declaration_id: DeclarationId
    jwks: dict[str, Any]
    redirect_uris: list[str]
    metadata: ClientMetadata = DEFAULT
    sandbox_of: UUID | None = None


@dataclass(frozen=True)
class DeclarationView:
    """A live declaration with the requester and the permit that stand behind it.

    ``digest`` is the declaration's own, ``permit_digest`` that of the signed permit; ``valid_until`` is the
    earliest end of declaration, permit and requester: nothing given under it may last longer. ``bounds_version`` is
    that under which it was vetted (None: before there were any).
    """

    id: DeclarationId
    number: int
    requester_id: RequesterId
    requester_name: dict[str, str]
    requester_uscc: str
    requester_vetted_at: datetime
    contact: dict[str, Any]
    body: Declaration
    digest: bytes
    valid_from: datetime
    valid_until: datetime
    permit_digest: bytes
    permit_officers: list[UUID]
    bounds_version: int | None = None
