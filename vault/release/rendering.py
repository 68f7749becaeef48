"""The JSON answer in another format: beside the path that every release takes. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from vault.crypto.keyring import KeyRing
from vault.release import sd_jwt, sealed
from vault.release.engine import Answer, Ask
from vault.release.formats import PLAIN, SD_JWT
from vault.release.holders import confirmation
from vault.release.loaded import Loaded
from vault.requesters.client_metadata import read_stored


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who asked for a delivered release, and under what. ``at``: when it was recorded, also of a repetition; ``now``:
    when it is sent."""

    ask: Ask
    loaded: Loaded
    issuer: str
    at: datetime
    now: datetime


def check_format(ask: Ask, loaded: Loaded, now: datetime) -> None:
    """Whether the answer can be given as it is wanted, before anything is recorded. Raises NoEncryptionKey,
    NotAcceptable."""
    if ask.format.is_sealed:
        sealed.key_of(loaded.register.client, now)
    if ask.format.content == SD_JWT:
        confirmation(ask)


def rendered(ring: KeyRing, answer: Answer, to: Recipient) -> Answer:
    """A delivered release, as JSON, in the format that was asked for. Raises NoEncryptionKey, NotAcceptable."""
    wanted, content = to.ask.format, answer.body
    if wanted is PLAIN:
        return answer
    if wanted.content == SD_JWT:
        content = sd_jwt.issue(ring, msgspec.json.decode(answer.body), _issuing(to)).encode()
    if wanted.is_sealed:
        content = sealed.seal(sealed.key_of(to.loaded.register.client, to.now), content, wanted.content)
    return replace(answer, body=content, media_type=wanted.media_type)


def _issuing(to: Recipient) -> sd_jwt.Issuing:
    return sd_jwt.Issuing(
        issuer=to.issuer,
        alg=read_stored(to.loaded.register.client["registration"]).release_signed_response_alg,
        cnf=confirmation(to.ask),
        at=to.at,
        retention_days=to.loaded.body.retention_days,
    )
