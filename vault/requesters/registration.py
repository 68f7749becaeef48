"""The registration certificate of a declaration: who may ask for what and why, signed by the register.

A requester fetches it, carries it in its requests, and may show it to anybody; whoever reads it needs nothing but the
register's public key. It says what the register said when it was issued: whether the registration is in force now is
decided by the register itself, at every request.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from vault import ids
from vault.clock import millis
from vault.crypto.canonical import b64, digest
from vault.crypto.keyring import KeyRing
from vault.errors import Malformed, Tampered
from vault.requesters.register_keys import CERTIFICATE, CERTIFICATE_LIFE, opened, sign
from vault.requesters.views import ClientView, DeclarationView

_CONTACTS = ("privacy_contact", "complaint_contact", "deletion_contact", "supervising_authority", "policy_url")


def certificate(ring: KeyRing, issuer: str, declared: DeclarationView, now: datetime) -> str:
    """The certificate of a declaration that is in force. It ends after a day, or with the declaration if that is
    earlier."""
    until = min(now + CERTIFICATE_LIFE, declared.valid_until)
    return sign(ring, CERTIFICATE, claims(issuer, declared, now), now=now, until=until)


def claims(issuer: str, declared: DeclarationView, now: datetime) -> dict[str, Any]:
    """What it says, besides when it was issued and ends. Moments in milliseconds since 1970, digests base64url."""
    body = declared.body
    owner, number = ids.public(ids.REQUESTER, declared.requester_id), ids.public(ids.DECLARATION, declared.id)
    return {
        "iss": issuer,
        "sub": owner,
        "jti": _identifier(declared, now),
        "name": declared.requester_name,
        "uscc": declared.requester_uscc,
        "declaration": {"id": number, "number": declared.number, "digest": b64(declared.digest)},
        "purpose": body.purpose.code,
        "intended_use": msgspec.to_builtins(body.purpose.text),
        "legal_basis": body.legal_basis,
        "items": [{"item": each.item, "forms": each.forms, "required": each.required} for each in body.items],
        "retention_days": body.retention_days,
        "longest_duration_days": body.longest_duration_days,
        **{name: declared.contact[name] for name in _CONTACTS if name in declared.contact},
        "permit": b64(declared.permit_digest),
        "valid_from": millis(declared.valid_from),
        "valid_until": millis(declared.valid_until),
        "register": f"{issuer}/organisations/{owner}/declarations/{number}",
    }


def why_not_certificate(ring: KeyRing, issuer: str, token: str, client: ClientView, now: datetime) -> str | None:
    """What is wrong with a certificate that this client carries, or None."""
    try:
        said = opened(ring, CERTIFICATE, token, issuer=issuer, now=now)
    except (Malformed, Tampered) as wrong:
        return wrong.public
    declared = said.get("declaration")
    own = (ids.public(ids.REQUESTER, client.requester_id), ids.public(ids.DECLARATION, client.declaration_id))
    if not isinstance(declared, dict) or (said.get("sub"), declared.get("id")) != own:
        return "It is the certificate of another declaration."
    return None


def _identifier(declared: DeclarationView, now: datetime) -> str:
    return UUID(bytes=digest(f"{declared.id.hex}.{millis(now)}".encode())[:16]).hex
