"""The primitives do what their documents say: published vectors, reached through our own functions."""

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vault.crypto.canonical import b64, digest
from vault.crypto.keyring import MemoryRing
from vault.crypto.passwords import Stretch, stretch
from vault.crypto.sealing import XCHACHA, box_public, open_aead, seal, unseal
from vault.crypto.signing import SigningKey, is_signed


def test_xchacha20_poly1305() -> None:
    """draft-irtf-cfrg-xchacha-03 appendix A.3.1."""
    key = bytes(range(0x80, 0xA0))
    nonce = bytes(range(0x40, 0x58))
    ad = bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
    sealed = bytes.fromhex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49"
    )
    message = (
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
        b"sunscreen would be it."
    )
    assert open_aead(key, XCHACHA + nonce + sealed, ad) == message


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a",
        ),
    ],
    ids=["test 1", "test 2", "test 3"],
)
def test_ed25519(seed: str, public: str, message: str, signature: str) -> None:
    """RFC 8032 section 7.1."""
    key = SigningKey(bytes.fromhex(seed))
    assert key.public.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert is_signed(key.public, bytes.fromhex(message), bytes.fromhex(signature))


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
    ids=["case 1", "case 2", "case 3", "case 6"],
)
def test_hmac_sha256(key: bytes, message: bytes, expected: str) -> None:
    """RFC 4231 section 4: a ring derives by plain HMAC-SHA-256."""
    assert MemoryRing("00000000", {"release": {1: key}}).derive("release", message).hex() == expected


@pytest.mark.parametrize(
    ("secret", "public"),
    [
        (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        ),
        (
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
            "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        ),
    ],
    ids=["Alice", "Bob"],
)
def test_x25519(secret: str, public: str) -> None:
    """RFC 7748 section 6.1; and what is sealed to that public half is opened by that secret."""
    assert box_public(bytes.fromhex(secret)).hex() == public
    assert unseal(bytes.fromhex(secret), seal(bytes.fromhex(public), b"a message")) == b"a message"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ],
)
def test_sha256(message: bytes, expected: str) -> None:
    """FIPS 180-2 appendix B."""
    assert digest(message).hex() == expected


def test_argon2id_witness() -> None:
    """RFC 9106 section 5.3: OpenSSL's Argon2id, the witness of the next test, is the real one.

    libsodium gives no access to the secret, the associated data and the lanes that this vector uses.
    """
    made = Argon2id(
        salt=b"\x02" * 16, length=32, iterations=3, lanes=4, memory_cost=32, ad=b"\x04" * 12, secret=b"\x03" * 8
    )
    assert made.derive(b"\x01" * 32).hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


@pytest.mark.parametrize(("ops", "mem"), [(1, 8192), (3, 1024 * 1024), (2, 8 * 1024 * 1024)])
def test_argon2id(ops: int, mem: int) -> None:
    """A stretched password is what an independent Argon2id (version 1.3, one lane) makes of it."""
    salt = bytes(range(16))
    witness = Argon2id(salt=salt, length=32, iterations=ops, lanes=1, memory_cost=mem // 1024)
    expected = witness.derive("龙年大吉 2024!".encode())
    assert stretch("龙年大吉 2024!", Stretch(ops=ops, mem=mem, salt=b64(salt))) == expected
