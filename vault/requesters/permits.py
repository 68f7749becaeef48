"""The permit: the registry's standing authorisation of a declaration, signed by two officers. Pure.

Anyone who has the declaration, the permit and the officers' public keys can verify it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, canonical, digest
from vault.crypto.signing import is_signed
from vault.errors import Tampered
from vault.ids import ApplicationId, DeclarationId, RequesterId
from vault.requesters.declarations import Declaration, declaration_digest


@dataclass(frozen=True)
class PermitTerms:
    """What the officers sign. ``valid_until`` counts to the millisecond."""

    declaration_digest: bytes
    requester: RequesterId
    valid_until: datetime

    def message(self) -> bytes:
        """The canonical bytes under both signatures: v 1, declaration digest, requester, end in ms since 1970."""
        return canonical(
            {
                "v": 1,
                "kind": "permit",
                "declaration": b64(self.declaration_digest),
                "requester": ids.public(ids.REQUESTER, self.requester),
                "valid_until": millis(self.valid_until),
            }
        )


@dataclass(frozen=True)
class Permit:
    """A permit as it is published: its terms and two Ed25519 signatures (64 bytes) by officer."""

    declaration: DeclarationId
    terms: PermitTerms
    signatures: Mapping[UUID, bytes]

    def digest(self) -> bytes:
        """SHA-256 over the terms and both signatures: what entries and consents cite."""
        signed = {officer.hex: b64(signature) for officer, signature in self.signatures.items()}
        return digest(canonical([b64(self.terms.message()), signed]))


def verify_permit(permit: Permit, declaration: Declaration, officers: Mapping[UUID, bytes]) -> None:
    """Raises Tampered unless two different officers signed this permit for this declaration.

    ``officers``: the Ed25519 public keys (32 bytes) of those who may vet, from the registry.
    """
    if declaration_digest(declaration) != permit.terms.declaration_digest:
        raise Tampered("The permit is for another declaration.", private="permit: declaration digest")
    if len(permit.signatures) < 2:
        raise Tampered("A permit needs the signatures of two officers.", private="permit: signatures")
    message = permit.terms.message()
    for officer, signature in permit.signatures.items():
        if officer not in officers:
            raise Tampered("Somebody signed the permit who is not a vetting officer.", private="permit: signer")
        if not is_signed(officers[officer], message, signature):
            raise Tampered("A signature of the permit does not verify.", private="permit: signature")
    if len({officers[officer] for officer in permit.signatures}) < 2:
        raise Tampered("A permit needs the keys of two officers.", private="permit: one key twice")


def decision_message(
    application: ApplicationId, application_digest: bytes, *, approve: bool, reason: str, at: datetime
) -> bytes:
    """The canonical bytes an officer signs with a decision about an application."""
    return canonical(
        {
            "v": 1,
            "kind": "application decision",
            "application": ids.public(ids.APPLICATION, application),
            "body": b64(application_digest),
            "decision": "approve" if approve else "refuse",
            "reason": reason,
            "at": millis(at),
        }
    )
