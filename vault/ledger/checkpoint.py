"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519 (signature type 0x01).

The note's text is three lines: origin, size, base64 of the root. The origin is the log's name and the
name of its key. Extension lines are refused: this log writes none, and what is not understood must
not be trusted. Signatures by other keys (witnesses) are kept and left alone. No I/O here.
"""

import base64
import binascii
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vault.crypto.keyring import KeyRing
from vault.crypto.signing import is_signed
from vault.errors import BadConfiguration, VaultError
from vault.ledger.tree import HASH_BYTES, MAX_LEVEL

ED25519: Final = b"\x01"
MAX_NOTE: Final = 64 * 1024
"""Bytes: room for a few hundred witnesses, no room for a flood."""
MAX_SIGNATURES: Final = 256
_DASH: Final = "\u2014 "


class CheckpointFailed(VaultError):
    """A checkpoint is malformed, or not signed by the log it names."""

    name, status, title = "checkpoint-failed", 422, "The checkpoint does not hold"
    advice = "Check that the verifier key is the log's own; if it is, the checkpoint was altered: report it."


@dataclass(frozen=True, slots=True)
class LogKey:
    """Who signs a log's checkpoints: the key's name (the log's origin) and its Ed25519 public key, 32 bytes."""

    origin: str
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise BadConfiguration("the name of a log's key must be one line without spaces and plus signs")

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key) (signed-note, "Signatures")."""
        return sha256(self.origin.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def vkey(self) -> str:
        """The verifier key: ``name+id+base64(0x01 ‖ public key)`` (signed-note, "Verifier keys")."""
        return f"{self.origin}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: so many entries, this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's text, which is what is signed (tlog-checkpoint, "Note text")."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs a log's checkpoints with the newest of the log's keys; the older ones only verify."""

    keys: Sequence[LogKey]
    sign: Callable[[bytes], bytes]
    """The 64-byte Ed25519 signature over the bytes it is given, by the last of ``keys``."""

    def note(self, checkpoint: Checkpoint) -> str:
        """The signed note of a checkpoint."""
        key, text = self.keys[-1], checkpoint.text()
        blob = base64.b64encode(key.id + self.sign(text.encode())).decode()
        return f"{text}\n{_DASH}{key.origin} {blob}\n"


def log_keys(ring: KeyRing, origin: str) -> list[LogKey]:
    """The keys with which this ring signs, or used to sign, the log's checkpoints; the present one last."""
    return [LogKey(origin, ring.public_key("ledger", version=version)) for version in ring.versions("ledger")]


def ring_signer(ring: KeyRing, origin: str) -> Signer:
    """The signer whose secret lives in the key ring."""
    return Signer(log_keys(ring, origin), lambda message: ring.sign("ledger", message))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: key name, four bytes of key id, and what that key's type defines."""

    name: str
    key_id: bytes
    body: bytes


def parse_vkey(text: str) -> LogKey:
    """A verifier key, as :meth:`LogKey.vkey` writes it. Raises CheckpointFailed."""
    name, _, rest = text.removesuffix("\n").partition("+")
    key_id, _, blob = rest.partition("+")
    body = unbase64(blob, "The verifier key is not of the form name+id+base64.")
    if not is_key_name(name):
        raise CheckpointFailed("The verifier key has no usable name.")
    if body[:1] != ED25519 or len(body) != 1 + HASH_BYTES:
        raise CheckpointFailed("The verifier key is not an Ed25519 key (type 1, 32 bytes).")
    key = LogKey(name, body[1:])
    if key_id != key.id.hex():
        raise CheckpointFailed("The verifier key's id does not fit its name and key: it was altered or mistyped.")
    return key


def parse(note: str) -> tuple[Checkpoint, list[Signature]]:
    """Split a note into its checkpoint and its signature lines; nothing is verified. Raises CheckpointFailed."""
    if len(note.encode(errors="surrogatepass")) > MAX_NOTE:
        raise CheckpointFailed("The checkpoint is too long.")
    if any((ord(char) < 0x20 and char != "\n") or 0xD800 <= ord(char) <= 0xDFFF for char in note):
        raise CheckpointFailed("The checkpoint holds control characters.")
    text, gap, signatures = note.rpartition("\n\n")
    if not gap:
        raise CheckpointFailed("The checkpoint has no signatures.")
    return _parse_text(text), parse_signatures(signatures)


def verify(note: str, keys: Sequence[LogKey]) -> Checkpoint:
    """The checkpoint of a note that one of these keys, all of one log, signed. Raises CheckpointFailed.

    Several keys are for a log whose key was rotated: what an older key signed stays good.
    """
    checkpoint, signatures = parse(note)
    known = {(key.origin, key.id): key.public for key in keys if key.origin == checkpoint.origin}
    if not known:
        raise CheckpointFailed(
            f"The checkpoint is of the log {checkpoint.origin!r}, which this verifier key is not of."
        )
    ours = [line for line in signatures if (line.name, line.key_id) in known]
    if not ours:
        raise CheckpointFailed("The checkpoint is not signed with this verifier key.")
    # signed-note: a signature that claims a known key and does not verify spoils the whole note
    text = checkpoint.text().encode()
    if not all(is_signed(known[line.name, line.key_id], text, line.body) for line in ours):
        raise CheckpointFailed("The log's signature on the checkpoint is not genuine.")
    return checkpoint


def is_key_name(name: str) -> bool:
    """signed-note: a key name is not empty and holds no Unicode spaces and no plus."""
    return bool(name) and not any(
        char.isspace() or char == "+" or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp", "Zs"} for char in name
    )


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 3:
        raise CheckpointFailed("The checkpoint lacks one of its lines: origin, size, root.")
    if len(lines) > 3:
        raise CheckpointFailed("The checkpoint has extension lines, which this log does not write.")
    origin, size, root = lines
    if not is_key_name(origin):
        raise CheckpointFailed("The checkpoint's origin is not usable as a key name.")
    if not (size.isascii() and size.isdigit() and len(size) < 20) or str(int(size)) != size or int(size) >> MAX_LEVEL:
        raise CheckpointFailed("The checkpoint's size is not a plain decimal number.")
    hashed = unbase64(root, "The checkpoint's root is not base64.")
    if len(hashed) != HASH_BYTES:
        raise CheckpointFailed("The checkpoint's root is not 32 bytes long.")
    return Checkpoint(origin, int(size), hashed)


def parse_signatures(block: str) -> list[Signature]:
    """Signature lines, each ended by a newline; nothing is verified. Raises CheckpointFailed."""
    lines = block.split("\n")
    if lines.pop() or not lines:
        raise CheckpointFailed("The checkpoint's last signature line is not ended, or there is none.")
    if len(lines) > MAX_SIGNATURES:
        raise CheckpointFailed("The checkpoint has too many signatures.")
    return [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> Signature:
    name, _, blob = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise CheckpointFailed("A signature line of the checkpoint is malformed.")
    body = unbase64(blob, "A signature line of the checkpoint is malformed.")
    if len(body) <= 4:
        raise CheckpointFailed("A signature line of the checkpoint is too short.")
    return Signature(name, body[:4], body[4:])


def unbase64(text: str, why: str) -> bytes:
    """RFC 4648 section 4 with padding, in the one form that encoding gives back."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointFailed(why) from None
    if base64.b64encode(value).decode() != text:
        raise CheckpointFailed(why)
    return value
