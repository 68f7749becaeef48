"""The consent record: what a person agreed to, signed with their own key. Pure.

Names are those of ISO/IEC TS 27560:2023 where it has one (``record_id``, ``pii_processing``, ``events``, …);
``declaration``, ``limits``, ``expires_at``, ``collection``, ``cross_border`` and the further contacts are ours.
The record holds no value of the person and no identifier but the pairwise one, so that either side may keep it
and show it. May grow by members; a new ``schema_version`` when a meaning changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from vault import ids
from vault.consent.terms import TermItem, Terms
from vault.crypto.canonical import b64, canonical, digest, unb64
from vault.crypto.keyring import KeyRing
from vault.crypto.sealing import mac, same
from vault.crypto.signing import verify_ed25519
from vault.errors import Malformed, Tampered
from vault.requesters.views import DeclarationView

SCHEMA: Final = "pivault-consent-1"
GIVEN: Final = b"given"
WITHDRAWN: Final = b"withdrawn"


@dataclass(frozen=True)
class Consent:
    """What goes into a record besides terms and declaration. ``notice``: SHA-256 of the page as it was shown;
    ``supersedes``: how (``merge``, ``replace``) and the digest of the record that this one takes the place of."""

    grant: UUID
    subject: str
    given_at: datetime
    expires_at: datetime
    locale: str
    notice: bytes
    supersedes: tuple[str, bytes] | None = None


def pairwise(ring: KeyRing, requester: UUID, person: UUID) -> str:
    """The name by which one requester, and no other, knows a person: 22 characters (OIDC Core section 8.1)."""
    return b64(ring.derive("pairwise", requester.bytes + person.bytes)[:16])


def record(consent: Consent, declaration: DeclarationView, terms: Terms, items: Iterable[TermItem]) -> bytes:
    """The canonical bytes of the record (RFC 8785)."""
    return canonical(
        _supersedes(consent)
        | {
            "schema_version": SCHEMA,
            "record_id": ids.public(ids.GRANT, consent.grant),
            "pii_principal_id": consent.subject,
            "pii_processing": {
                "privacy_notice": {"digest": b64(consent.notice), "alg": "SHA-256"},
                "language": consent.locale,
                "purposes": [_purpose(declaration, items)],
            },
            "party_identification": [_controller(declaration)],
            "events": [_given(consent, terms)],
            "declaration": {
                "id": ids.public(ids.DECLARATION, declaration.id),
                "number": declaration.number,
                "digest": b64(declaration.digest),
                "permit_digest": b64(declaration.permit_digest),
            },
            "limits": {"max_uses": terms.max_uses, "frequency": msgspec.to_builtins(terms.frequency)},
            "expires_at": moment(consent.expires_at),
        }
    )


def _supersedes(consent: Consent) -> dict[str, Any]:
    if consent.supersedes is None:
        return {}
    how, before = consent.supersedes
    return {"supersedes": {"how": how, "record_digest": b64(before)}}


def _purpose(declaration: DeclarationView, items: Iterable[TermItem]) -> dict[str, Any]:
    body = declaration.body
    return {
        "purpose": msgspec.to_builtins(body.purpose.text),
        "purpose_type": body.purpose.code,
        "lawful_basis": body.legal_basis,
        "pii_information": [_information(item) for item in items],
        "pii_controllers": [ids.public(ids.REQUESTER, declaration.requester_id)],
        "retention_period": {"days": body.retention_days},
        "collection": body.collection,
        "recipient_third_parties": [msgspec.to_builtins(recipient) for recipient in body.recipients],
        "storage_location": msgspec.to_builtins(body.storage),
        "cross_border": msgspec.to_builtins(body.cross_border),
        "withdrawal_method": "in the vault, at any time, with effect for the next release",
        "jurisdiction": "CN",
    }


def _controller(declaration: DeclarationView) -> dict[str, Any]:
    return {
        "party_id": ids.public(ids.REQUESTER, declaration.requester_id),
        "party_role": "pii_controller",
        "party_name": declaration.requester_name,
        "party_contact": declaration.contact.get("privacy_contact"),
        "complaint_contact": declaration.contact.get("complaint_contact"),
        "deletion_contact": declaration.contact.get("deletion_contact"),
        "supervising_authority": declaration.contact.get("supervising_authority"),
        "uscc": declaration.requester_uscc,
    }


def _given(consent: Consent, terms: Terms) -> dict[str, Any]:
    return {
        "event_type": "consent_given",
        "event_state": "given",
        "event_time": moment(consent.given_at),
        "entity_id": consent.subject,
        "validity_duration": {"days": terms.duration_days},
    }


def _information(item: TermItem) -> dict[str, Any]:
    return {
        "pii_type": item.item,
        "pii_optional": not item.required,
        "sensitive_pii_category": item.is_sensitive,
        "form": item.form,
    }


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_sign(record_bytes: bytes) -> bytes:
    """What the person signs: the canonical form of ``["consent-record", 1, record]``."""
    return canonical(["consent-record", 1, msgspec.json.decode(record_bytes)])


def withdrawal_to_sign(grant: UUID, record_digest: bytes, at: datetime) -> bytes:
    """What the person signs when they withdraw: canonical ``["consent-withdrawal", 1, {…}]``."""
    body = {"record_id": ids.public(ids.GRANT, grant), "record": b64(record_digest), "event_time": moment(at)}
    return canonical(["consent-withdrawal", 1, body])


def notice_bytes(notice: dict[str, Any]) -> bytes:
    """What a consent page said, in the form that is digested and kept."""
    return canonical(["consent-notice", 1, notice])


def notice_digest(notice: bytes) -> bytes:
    """SHA-256 of :func:`notice_bytes`: 32 bytes, which the signed record names."""
    return digest(notice)


def record_digest(record_bytes: bytes) -> bytes:
    """SHA-256 of the canonical record: 32 bytes."""
    return digest(record_bytes)


def commitment(key: bytes, of_record: bytes, about: bytes) -> bytes:
    """What an entry says of a consent: 32 bytes that tell nothing without the grant's commitment key.

    ``about`` (:data:`GIVEN`, :data:`WITHDRAWN`, a release's id) makes each entry's another, so that entries of one
    grant cannot be tied together. The key lives in the grant's row and goes when the grant is erased.
    """
    return mac(key, b"consent", of_record, about)


def receipt(
    record_bytes: bytes, signature: bytes, signing_public: bytes, *, notice: bytes | None = None
) -> dict[str, Any]:
    """The consent receipt, as JSON data: the record, the person's signature, how to check it, and where it was kept
    what the consent page said (``["consent-notice", 1, {…}]``)."""
    made = {
        "record": msgspec.json.decode(record_bytes),
        "signature": {"alg": "EdDSA", "public_key": b64(signing_public), "value": b64(signature)},
    }
    return made if notice is None else made | {"notice": msgspec.json.decode(notice)}


def verify_receipt(given: dict[str, Any]) -> None:
    """Check a receipt offline. Raises Tampered when signature or notice do not fit, Malformed when it is none."""
    try:
        signature = given["signature"]
        public, value = unb64(signature["public_key"]), unb64(signature["value"])
        signed = to_sign(canonical(given["record"]))
        agreed = unb64(given["record"]["pii_processing"]["privacy_notice"]["digest"])
        said = notice_digest(canonical(given["notice"])) if "notice" in given else agreed
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("This is not a consent receipt.") from error
    verify_ed25519(public, signed, value)
    if not same(said, agreed):
        raise Tampered("The page is not the one that was agreed to.")
