"""A cosigner's own keys: one file for its owner's eyes, made once, never overwritten.

Format (JSON, mode 0600): ``v`` 1, ``name``, and one base64url seed of 32 bytes each: ``ed25519`` and ``mldsa44`` for
cosignatures, ``reader`` for asking the registry for what entries say. It may grow by members; a reader refuses
another ``v``. Whoever steals it can cosign in this name: the policies that trust it must then drop it.
"""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from vault.crypto.canonical import b64, unb64
from vault.crypto.keyfile import write_private
from vault.crypto.mldsa import MlDsa44Key
from vault.crypto.sealing import new_key
from vault.crypto.signing import SigningKey
from vault.errors import BadConfiguration
from vault.ledger.cosignature import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, Cosigner, CosignerKey

FILE: Final = "key.json"
_VERSION: Final = 1


class _File(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    name: str
    ed25519: str
    mldsa44: str
    reader: str


@dataclass(frozen=True, slots=True)
class Keys:
    """A cosigner, ready to sign: both its cosigners, Ed25519 first, and its key for reading."""

    cosigners: tuple[Cosigner, Cosigner]
    reader: SigningKey

    def vkeys(self) -> str:
        """Its verifier keys, one a line."""
        return "".join(f"{each.key.vkey()}\n" for each in self.cosigners)


def create(folder: Path, name: str) -> Keys:
    """Make fresh keys under a name that is fit for a key. Raises BadConfiguration; never overwrites."""
    file = _File(_VERSION, name, *(b64(new_key()) for _ in range(3)))
    made = _keys(file)  # refuses an unfit name before anything is written
    if (folder / FILE).exists():
        raise BadConfiguration(f"{folder / FILE} exists already; a key is never overwritten.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(folder / FILE, msgspec.json.encode(file))
    return made


def load(folder: Path) -> Keys:
    """The keys in a folder. Raises BadConfiguration when they are missing, broken, or open to others."""
    path = folder / FILE
    try:
        mode, text = stat.S_IMODE(path.stat().st_mode), path.read_bytes()
    except OSError as error:
        raise BadConfiguration(f"Cannot read {path}: {error.strerror}. The command `init` makes one.") from None
    if mode & 0o077:
        raise BadConfiguration(f"{path} can be read by others (mode {mode:04o}): run chmod 600 on it.")
    try:
        file = msgspec.json.decode(text, type=_File)
        if file.v != _VERSION:
            raise BadConfiguration(f"{path} has version {file.v}; this program knows version {_VERSION}.")
        return _keys(file)
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadConfiguration(f"{path} is not a cosigner's key file: {error}.") from None


def _keys(file: _File) -> Keys:
    ed25519, mldsa44 = SigningKey(unb64(file.ed25519)), MlDsa44Key(unb64(file.mldsa44))
    first = Cosigner(CosignerKey(file.name, ED25519_COSIGNATURE, ed25519.public), ed25519.sign)
    second = Cosigner(CosignerKey(file.name, MLDSA44_COSIGNATURE, mldsa44.public), mldsa44.sign)
    return Keys((first, second), SigningKey(unb64(file.reader)))
