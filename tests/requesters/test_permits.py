"""Permits: two officers' signatures that anyone can verify."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tests.requesters.samples import declaration
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.errors import Tampered
from vault.ids import DeclarationId, RequesterId, new_uuid
from vault.requesters.declarations import Declaration, declaration_digest
from vault.requesters.permits import Permit, PermitTerms, verify_permit

BODY = msgspec.convert(declaration(), Declaration)
KEYS = {new_uuid(): SigningKey(new_signing_seed()) for _ in range(3)}
ONE, TWO, THREE = KEYS
PUBLIC = {officer: key.public for officer, key in KEYS.items()}
TERMS = PermitTerms(declaration_digest(BODY), RequesterId(new_uuid()), datetime(2028, 11, 1, tzinfo=UTC))


def permit(*officers: UUID, terms: PermitTerms = TERMS, signed: PermitTerms = TERMS) -> Permit:
    return Permit(DeclarationId(new_uuid()), terms, {o: KEYS[o].sign(signed.message()) for o in officers})


def test_two_signatures_verify() -> None:
    """The permit, the declaration and two public keys are all it takes."""
    verify_permit(permit(ONE, TWO), BODY, PUBLIC)


def test_one_signature_is_not_enough() -> None:
    """No officer role is enough alone."""
    with pytest.raises(Tampered, match="two officers"):
        verify_permit(permit(ONE), BODY, PUBLIC)


def test_one_key_under_two_names_is_not_enough() -> None:
    """Two entries of the register with one key are one officer."""
    with pytest.raises(Tampered, match="keys of two"):
        verify_permit(
            Permit(DeclarationId(new_uuid()), TERMS, dict.fromkeys((ONE, TWO), KEYS[ONE].sign(TERMS.message()))),
            BODY,
            {ONE: PUBLIC[ONE], TWO: PUBLIC[ONE]},
        )


@pytest.mark.parametrize(
    "changed",
    [
        replace(TERMS, requester=RequesterId(new_uuid())),
        replace(TERMS, valid_until=TERMS.valid_until + timedelta(seconds=1)),
    ],
    ids=["another-requester", "longer"],
)
def test_changed_terms_do_not_verify(changed: PermitTerms) -> None:
    """Who may ask and until when is under both signatures."""
    with pytest.raises(Tampered, match="does not verify"):
        verify_permit(permit(ONE, TWO, terms=changed), BODY, PUBLIC)


def test_another_declaration_does_not_fit() -> None:
    """A permit is for one body of words."""
    other = msgspec.structs.replace(BODY, retention_days=3650)
    with pytest.raises(Tampered, match="another declaration"):
        verify_permit(permit(ONE, TWO), other, PUBLIC)


def test_strangers_do_not_count() -> None:
    """Somebody who is no vetting officer cannot sign."""
    with pytest.raises(Tampered, match="not a vetting officer"):
        verify_permit(permit(ONE, THREE), BODY, {ONE: PUBLIC[ONE], TWO: PUBLIC[TWO]})


def test_a_foreign_signature_does_not_verify() -> None:
    """One officer's signature under another's name is refused."""
    forged = permit(ONE, TWO)
    signatures = dict(forged.signatures) | {TWO: forged.signatures[ONE]}
    with pytest.raises(Tampered, match="does not verify"):
        verify_permit(replace(forged, signatures=signatures), BODY, PUBLIC)


def test_the_digest_covers_the_signatures() -> None:
    """What entries cite is one permit and no other."""
    assert permit(ONE, TWO).digest() == permit(ONE, TWO).digest()
    assert permit(ONE, TWO).digest() != permit(ONE, THREE).digest()
