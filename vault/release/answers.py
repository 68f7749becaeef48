"""What a requester receives. Pure."""

from typing import NamedTuple

import msgspec

from vault import ids
from vault.crypto.canonical import b64
from vault.ids import ReleaseId
from vault.ledger.receipt import Receipt
from vault.release.engine import Answer
from vault.release.loaded import Loaded


class Proven(NamedTuple):
    """A payload whose entry is in the tree: its items as JSON, the key of the commitment in the entry, the receipt."""

    shown: bytes
    commit_key: bytes
    receipt: Receipt


def delivered(loaded: Loaded, release: ReleaseId, proven: Proven, *, sub: str) -> Answer:
    """200: what was released, and what proves it."""
    body = {
        "release": ids.public(ids.RELEASE, release),
        "grant": ids.public(ids.GRANT, loaded.grant_id),
        "sub": sub,
        "purpose": loaded.body.purpose.code,
        "declaration": ids.public(ids.DECLARATION, loaded.grant["declaration_id"]),
        "declaration_version": loaded.grant["declaration_number"],
        "items": msgspec.Raw(proven.shown),
        "commitment": {"alg": "HMAC-SHA256", "key": b64(proven.commit_key)},
        "receipt": proven.receipt,
    }
    return Answer(200, msgspec.json.encode(body))


def waiting(release: ReleaseId, state: str) -> Answer:
    """202: an officer must decide first."""
    return Answer(202, _state(release, state), f"/v1/releases/{ids.public(ids.RELEASE, release)}")


def state(release: ReleaseId, state: str) -> Answer:
    """200: what has become of a release, and nothing else."""
    return Answer(200, _state(release, state))


def _state(release: ReleaseId, state: str) -> bytes:
    return msgspec.json.encode({"release": ids.public(ids.RELEASE, release), "state": state})
