"""What others, and the log's second key, say of a checkpoint: C2SP tlog-cosignature, Ed25519 and ML-DSA-44.

A cosignature says: at this time, this was the largest tree I had seen of that log, and it continues all that I saw
before. A mirror's says also that it holds every entry. No I/O here.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vault.crypto.mldsa import PUBLIC_BYTES, is_signed_mldsa44
from vault.crypto.signing import is_signed
from vault.errors import BadConfiguration
from vault.ledger.checkpoint import (
    ED25519,
    Checkpoint,
    CheckpointFailed,
    LogKey,
    Signature,
    is_key_name,
    parse,
    parse_signatures,
    unbase64,
)

ED25519_COSIGNATURE: Final = b"\x04"
MLDSA44_COSIGNATURE: Final = b"\x06"
_LENGTHS: Final = {ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: PUBLIC_BYTES}
_LAST_MOMENT: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """Who cosigns: its name, the type of its signatures (0x04 Ed25519, 0x06 ML-DSA-44), its public key."""

    name: str
    kind: bytes
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.name.encode()) > 255:
            raise BadConfiguration("the name of a cosigner must be one short line without spaces and plus signs")
        if _LENGTHS.get(self.kind) != len(self.public):
            raise BadConfiguration("a cosigner's key is of an unknown type, or of the wrong length for its type")

    @property
    def id(self) -> bytes:
        """Four bytes (tlog-cosignature, "Format")."""
        return sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    def vkey(self) -> str:
        """The verifier key: ``name+id+base64(type ‖ public key)``."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self.kind + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature that holds: by whom, and when, in seconds since 1970."""

    key: CosignerKey
    at: int


@dataclass(frozen=True, slots=True)
class Cosigner:
    """Makes cosignatures with one key. ``sign`` signs the bytes it is given with the key's secret."""

    key: CosignerKey
    sign: Callable[[bytes], bytes]

    def line(self, checkpoint: Checkpoint, seconds: int) -> str:
        """The signature line, ended by a newline. ``seconds`` since 1970."""
        signed = self.sign(cosigned_message(self.key, checkpoint, seconds))
        blob = base64.b64encode(self.key.id + seconds.to_bytes(8) + signed).decode()
        return f"\u2014 {self.key.name} {blob}\n"


def parse_key(vkey: str) -> LogKey | CosignerKey:
    """A verifier key of any type known here (1, 4, 6). Raises CheckpointFailed."""
    name, _, rest = vkey.removesuffix("\n").partition("+")
    key_id, _, blob = rest.partition("+")
    body = unbase64(blob, "The verifier key is not of the form name+id+base64.")
    kind, public = body[:1], body[1:]
    key: LogKey | CosignerKey
    if not is_key_name(name) or len(name.encode()) > 255:
        raise CheckpointFailed("The verifier key has no usable name.")
    if kind == ED25519 and len(public) == 32:
        key = LogKey(name, public)
    elif _LENGTHS.get(kind) == len(public):
        key = CosignerKey(name, kind, public)
    else:
        raise CheckpointFailed("The verifier key is not of a type known here: Ed25519 (1, 4) or ML-DSA-44 (6).")
    if key_id != key.id.hex():
        raise CheckpointFailed("The verifier key's id does not fit its name and key: it was altered or mistyped.")
    return key


def parse_log_key(vkey: str) -> LogKey | CosignerKey:
    """A key that a log signs its checkpoints with. Raises CheckpointFailed, also for a witness's key."""
    key = parse_key(vkey)
    if isinstance(key, CosignerKey) and key.kind == ED25519_COSIGNATURE:
        raise CheckpointFailed("This is the verifier key of a witness, not of a log.")
    return key


def parse_cosigner(vkey: str) -> CosignerKey:
    """The verifier key of a witness or mirror. Raises CheckpointFailed, also for a log's key."""
    key = parse_key(vkey)
    if not isinstance(key, CosignerKey):
        raise CheckpointFailed("This is the verifier key of a log, not of a cosigner.")
    return key


def cosigned_message(key: CosignerKey, checkpoint: Checkpoint, seconds: int) -> bytes:
    """What is signed (tlog-cosignature, "Ed25519 signed message", "ML-DSA-44 signed message")."""
    if key.kind == ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {seconds}\n{checkpoint.text()}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    if len(origin) > 255:
        raise CheckpointFailed("The checkpoint's origin is too long for an ML-DSA-44 cosignature.")
    parts = (b"subtree/v1\n\0", bytes([len(name)]), name, seconds.to_bytes(8), bytes([len(origin)]), origin)
    return b"".join(parts) + bytes(8) + checkpoint.size.to_bytes(8) + checkpoint.root


def cosignatures(note: str, keys: Iterable[CosignerKey]) -> list[Cosignature]:
    """Which of these keys cosigned the note, each once. Raises CheckpointFailed when one of them is counterfeit."""
    checkpoint, signatures = parse(note)
    return _genuine(checkpoint, signatures, keys)


def genuine_lines(checkpoint: Checkpoint, lines: str, keys: Iterable[CosignerKey]) -> list[str]:
    """The signature lines of a witness's answer that these keys made over the checkpoint, newline at the end of each.

    Lines by others are left out (tlog-witness: ignored). Raises CheckpointFailed for what is no list of lines, and
    for a line that claims one of the keys and is not genuine.
    """
    keys = list(keys)
    known = {(key.name, key.id) for key in keys}
    signatures = parse_signatures(lines)
    _genuine(checkpoint, signatures, keys)
    each = zip(lines.splitlines(keepends=True), signatures, strict=True)
    return [line for line, signature in each if (signature.name, signature.key_id) in known]


def _genuine(checkpoint: Checkpoint, signatures: Sequence[Signature], keys: Iterable[CosignerKey]) -> list[Cosignature]:
    known = {(key.name, key.id): key for key in keys}
    found: dict[CosignerKey, int] = {}
    for line in signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            found[key] = max(_moment(key, checkpoint, line), found.get(key, 0))
    return [Cosignature(key, at) for key, at in found.items()]


def _moment(key: CosignerKey, checkpoint: Checkpoint, line: Signature) -> int:
    seconds, signature = int.from_bytes(line.body[:8]), line.body[8:]
    if len(line.body) > 8 and seconds < _LAST_MOMENT:
        message = cosigned_message(key, checkpoint, seconds)
        check = is_signed if key.kind == ED25519_COSIGNATURE else is_signed_mldsa44
        if check(key.public, message, signature):
            return seconds
    raise CheckpointFailed(f"The cosignature of {key.name} is not genuine.")
