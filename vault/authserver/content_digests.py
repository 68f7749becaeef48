"""The Content-Digest field (RFC 9530): what a body must be, said outside of it. Pure."""

import hashlib
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Final

from vault.authserver.errors import InvalidRequest
from vault.crypto.sealing import same

LONGEST: Final = 512
_MEMBER: Final = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")


def check_content(values: Sequence[str], body: bytes) -> str:
    """The field as it was sent, once its sha-256 member is that of the body. Raises InvalidRequest.

    Other algorithms may stand beside sha-256 and are not looked at (section 2: a recipient may ignore any of them).
    """
    if len(values) != 1 or len(values[0]) > LONGEST:
        raise InvalidRequest("content-digest", "Send one Content-Digest header with the body's sha-256 (RFC 9530).")
    found: dict[str, str] = {}
    for part in values[0].split(","):
        member = _MEMBER.fullmatch(part.strip(" \t"))
        if member is None:
            raise InvalidRequest("content-digest", "Content-Digest must be a list of algorithm=:base64: (RFC 9530).")
        found[member[1]] = member[2]  # RFC 8941 section 3.2: of a key that is there twice the last one counts
    try:
        said = b64decode(found.get("sha-256", ""), validate=True)
    except ValueError:
        said = b""
    if not same(said, hashlib.sha256(body).digest()):
        raise InvalidRequest("content-digest", "The sha-256 of Content-Digest is not that of the body.")
    return values[0]
