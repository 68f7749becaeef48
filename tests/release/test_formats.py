"""The same release in other formats: selectively disclosable, sealed, verified and opened by others' libraries."""

import hmac
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import InvalidJWSSignature
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from tests.authserver.keys import Signer
from tests.release.world import GENERAL, ISSUER, Releases
from tests.requesters.samples import SEALED_TO
from vault.authserver.signed import jwks
from vault.crypto.canonical import canonical, unb64
from vault.ledger.events import member
from vault.release import sealed
from vault.release.formats import JOSE, JSON, OFFERED, SD_JWT, Format, NoEncryptionKey, NotAcceptable, negotiated
from vault.release.refusals import IdempotencyExpired
from vault.requesters.changing import By, change_keys

NAME, PHONE, ADULT = GENERAL
JOSE_OF_SD_JWT = f'{JOSE}; cty="dc+sd-jwt"'


def _issuer_key(releases: Releases, header: dict[str, Any]) -> JWK:
    published = jwks(releases.consents.db.ring)["keys"]
    return JWK.from_json(json.dumps(next(key for key in published if key["kid"] == header["kid"])))


def _payload(releases: Releases, presented: str, **expected: str) -> dict[str, Any]:
    """What an independent verifier reads."""
    read = SDJWTVerifier(presented, lambda _, header: _issuer_key(releases, header), **expected)
    payload: dict[str, Any] = read.get_verified_payload()
    return payload


async def _sd_jwt(releases: Releases, **how: Any) -> str:
    token = how.pop("token", None) or await releases.token(await releases.given())
    answer = await releases.release(token, accept=SD_JWT, **how)
    assert (answer.status, answer.media_type) == (200, SD_JWT)
    return answer.body.decode()


def _opened(body: bytes, kty: str = "OKP") -> JWE:
    key = JWK(**SEALED_TO[kty].as_dict(private=True))
    opened = JWE(algs=["ECDH-ES", "A256GCM"])
    opened.deserialize(body.decode(), key)
    return opened


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", Format(JSON)),
        ("*/*", Format(JSON)),
        ("application/*;q=0.2", Format(JSON)),
        ("text/html, application/json;q=0.1", Format(JSON)),
        (SD_JWT, Format(SD_JWT)),
        (f"{JSON};q=0.5, {SD_JWT}", Format(SD_JWT)),
        (f"{SD_JWT};q=0.5, {JSON}", Format(JSON)),
        (SD_JWT.upper(), Format(SD_JWT)),
        (JOSE, Format(JSON, is_sealed=True)),
        (f"{JOSE};cty=json", Format(JSON, is_sealed=True)),
        (JOSE_OF_SD_JWT, Format(SD_JWT, is_sealed=True)),
        (f"{JOSE};cty=application/dc+sd-jwt", Format(SD_JWT, is_sealed=True)),
    ],
)
def test_the_format_is_the_one_wanted_most(accept: str, wanted: Format) -> None:
    """By quality, then by order; JSON where nothing in particular is wanted."""
    assert negotiated(accept) == wanted


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/xml",
        "application/json;q=0",
        "application/vc+sd-jwt",
        "application/jose;cty=xml",
        ",",
        "application/json;q=x",
        "a" * 2000,
    ],
)
def test_an_unknown_format_is_refused_with_those_there_are(accept: str) -> None:
    """406, and the list: nothing is released in a format that was not asked for."""
    with pytest.raises(NotAcceptable) as refused:
        negotiated(accept)
    assert refused.value.members["formats"] == list(OFFERED)


async def test_an_independent_verifier_reads_the_whole_release(releases: Releases) -> None:
    """By the published keys; with everything disclosed it says what the JSON says, and fits the ledger's commitment."""
    token = await releases.token(await releases.given())
    plain = msgspec.json.decode((await releases.release(token, key="one")).body)
    payload = _payload(releases, await _sd_jwt(releases, token=token, key="one"))
    items = [{"item": name, **payload[name]} for name in sorted(GENERAL)]
    assert items == plain["items"]
    for name in ("release", "grant", "sub", "commitment", "purpose", "declaration", "declaration_version"):
        assert payload[name] == plain[name]
    assert (payload["iss"], payload["vct"]) == (ISSUER, f"{ISSUER}/vct/release.1")
    assert payload["exp"] - payload["iat"] == timedelta(days=1).total_seconds()
    entry = releases.verified(payload).entry
    message = canonical({"v": 1, "release": payload["release"], "items": items})
    assert hmac.digest(unb64(payload["commitment"]["key"]), message, sha256) == unb64(entry["commit"])


async def test_only_the_requesters_key_can_present_it(releases: Releases) -> None:
    """Bound to the key of the DPoP proof: its holder discloses one item; a thief of the SD-JWT discloses nothing."""
    releases.key = Signer.make("ES256")
    whole = await _sd_jwt(releases)
    presented = {}
    for who, key in (("holder", releases.key), ("thief", Signer.make("ES256"))):
        holder = SDJWTHolder(whole)
        private = JWK(**key.key.as_dict(private=True))
        holder.create_presentation({ADULT: True}, "nonce", "https://court.example", private, "ES256")
        presented[who] = holder.sd_jwt_presentation
    told = {"expected_aud": "https://court.example", "expected_nonce": "nonce"}
    payload = _payload(releases, presented["holder"], **told)
    assert payload[ADULT]["value"] is True
    assert {NAME, PHONE, "sub", "grant", "commitment"}.isdisjoint(payload)
    with pytest.raises(InvalidJWSSignature):
        _payload(releases, presented["thief"], **told)
    with pytest.raises(ValueError, match="nonce"):
        _payload(releases, presented["holder"], expected_aud="https://court.example", expected_nonce="another")


async def test_nothing_of_an_undisclosed_item_is_in_the_signed_part(releases: Releases) -> None:
    """Neither names nor values: what is not disclosed is a digest among digests, in no order that tells."""
    whole = await _sd_jwt(releases)
    signed = unb64(whole.split("~", maxsplit=1)[0].split(".")[1]).decode()
    assert not any(name in signed for name in GENERAL)
    digests = json.loads(signed)["_sd"]
    assert digests == sorted(digests)
    assert len(digests) == whole.count("~") - 1


async def test_a_changed_disclosure_is_not_believed(releases: Releases) -> None:
    """A disclosure with another value has another digest: an independent verifier leaves it out or refuses."""
    whole = await _sd_jwt(releases)
    parts = whole.split("~")
    for index, part in enumerate(parts[1:-1], 1):
        if NAME.encode() in unb64(part):
            parts[index] = SDJWTHolder(whole)._base64url_encode(unb64(part).replace("欧阳".encode(), "诸葛".encode()))
    assert NAME not in _payload(releases, "~".join(parts))


async def test_a_repetition_discloses_the_same(releases: Releases) -> None:
    """Under the same key: the same claims behind the same salts; only the receipt may prove it in a larger tree."""
    token = await releases.token(await releases.given())
    first = await _sd_jwt(releases, token=token, key="again")
    releases.later(minutes=5)
    await releases.release(token)  # the tree grows
    second = await _sd_jwt(releases, token=token, key="again")
    receipts = [{part for part in each.split("~")[1:-1] if b'"receipt"' in unb64(part)} for each in (first, second)]
    assert set(first.split("~")[1:-1]) - receipts[0] == set(second.split("~")[1:-1]) - receipts[1]
    one, other = _payload(releases, first), _payload(releases, second)
    assert {k: v for k, v in one.items() if k != "receipt"} == {k: v for k, v in other.items() if k != "receipt"}


async def test_another_format_is_no_other_release(releases: Releases) -> None:
    """JSON, SD-JWT and sealed under one key: one entry, one use, the versions of the first time."""
    given = await releases.given()
    token = await releases.token(given)
    plain = msgspec.json.decode((await releases.release(token, key="k")).body)
    await releases.consents.world.write(
        releases.consents.person, "identity", {"name": "欧阳静", "birthdate": "1990-06-18"}, expected=1
    )
    selective = _payload(releases, await _sd_jwt(releases, token=token, key="k"))
    opened = json.loads(_opened((await releases.release(token, key="k", accept=JOSE)).body).payload)
    assert selective["release"] == opened["release"] == plain["release"]
    assert opened["items"] == plain["items"]
    assert await releases.uses(given) == 1
    assert len(await releases.entries("release.delivered")) == 1


async def test_a_sealed_answer_opens_with_the_requesters_key_alone(releases: Releases) -> None:
    """An independent library opens it; inside is the JSON, or the SD-JWT as cty says; another key opens nothing."""
    token = await releases.token(await releases.given())
    answer = await releases.release(token, accept=JOSE, key="s")
    assert answer.media_type == JOSE
    opened = _opened(answer.body)
    assert opened.jose_header["cty"] == "json"
    assert (opened.jose_header["alg"], opened.jose_header["kid"]) == ("ECDH-ES", "enc-1")
    assert {each["item"] for each in json.loads(opened.payload)["items"]} == set(GENERAL)
    nested = _opened((await releases.release(token, accept=JOSE_OF_SD_JWT, key="s")).body)
    assert nested.jose_header["cty"] == "dc+sd-jwt"
    assert _payload(releases, nested.payload.decode())[PHONE]["value"] == "138****0013"
    stranger = JWE(algs=["ECDH-ES", "A256GCM"])
    with pytest.raises(Exception, match="No recipient matched"):
        stranger.deserialize(answer.body.decode(), JWK.generate(kty="OKP", crv="X25519"))


@pytest.mark.parametrize("kty", ["OKP", "EC"])
def test_both_kinds_of_keys_open(kty: str) -> None:
    """X25519 and P-256."""
    key = {**SEALED_TO[kty].as_dict(private=False), "kid": "k", "use": "enc"}
    assert _opened(sealed.seal(key, b"what is inside", JSON), kty).payload == b"what is inside"


async def test_without_a_key_to_seal_to_nothing_is_released(releases: Releases) -> None:
    """Refused by name before anything is opened or counted."""
    given = await releases.given()
    row = {"jwks": {"keys": [{"kid": "a", "use": "sig"}, {"kid": "b"}]}, "key_times": None}
    with pytest.raises(NoEncryptionKey):
        sealed.key_of(row, releases.clock.now())
    ended = {"jwks": {"keys": [{"kid": "e", "use": "enc"}]}, "key_times": {"e": {"until": 1}}}
    with pytest.raises(NoEncryptionKey):
        sealed.key_of(ended, releases.clock.now())
    assert await releases.uses(given) == 0


async def test_nothing_is_sealed_to_a_key_from_the_moment_it_is_retired(releases: Releases) -> None:
    """Under the same token, on a server that sealed to it a moment ago, and for a repetition too."""
    token = await releases.token(await releases.given())
    assert _opened((await releases.release(token, accept=JOSE, key="r")).body).jose_header["kid"] == "enc-1"
    now, bank = releases.clock.now(), releases.consents.bank
    assert bank.client_id is not None
    assert bank.requester is not None
    by = By(bank.requester, member(bank.client_id))
    await releases.consents.db.run(change_keys, bank.client_id, by, lambda keys: keys.ended("enc-1", end=now, now=now))
    for key in ("r", "r2"):
        with pytest.raises(NoEncryptionKey):
            await releases.release(token, accept=JOSE, key=key)
    assert len(await releases.entries("release.delivered")) == 1


async def test_a_sensitive_release_waits_in_every_format(releases: Releases) -> None:
    """Until an officer approved: the state as JSON, whatever was asked for, and nothing else."""
    token = await releases.token(await releases.given(GENERAL | {"identity.national_id": "masked"}))
    for accept in (SD_JWT, JOSE):
        answer = await releases.release(token, accept=accept, key="w")
        assert (answer.status, answer.media_type) == (202, JSON)
        assert set(msgspec.json.decode(answer.body)) == {"release", "state"}


async def test_a_key_is_used_up_after_a_day(releases: Releases) -> None:
    """Within 24 hours the same answer; afterwards neither the old one nor a second release."""
    given = await releases.given()
    first = await releases.release(await releases.token(given), key="day")
    releases.later(hours=23)
    again = await releases.release(await releases.token(given), key="day")
    assert msgspec.json.decode(again.body)["release"] == msgspec.json.decode(first.body)["release"]
    releases.later(hours=1)
    with pytest.raises(IdempotencyExpired):
        await releases.release(await releases.token(given), key="day")
    assert await releases.uses(given) == 1
