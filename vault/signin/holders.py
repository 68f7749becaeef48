"""Who can sign in: three realms, one shape."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vault.crypto.bundles import Bundle

PERSON: Final = "person"
OFFICER: Final = "officer"
REGULATOR: Final = "regulator"
REALMS: Final = (PERSON, OFFICER, REGULATOR)


@dataclass(frozen=True)
class Holder:
    """Somebody signed in, with unlocked keys. Lives as long as one request.

    ``realm`` says which kind, ``id`` who (a person's or a member of staff's id), ``sign_in`` by which sign-in.
    It proves that the keys were opened; whether the holder may still act is asked of the registry or the accounts.
    """

    realm: str
    id: UUID
    bundle: Bundle
    sign_in: UUID
