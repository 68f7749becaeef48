"""A batch under attack: its proof covers the body, its tokens are one client's and one key's, and each line's no is a
no, in the middle too."""

from contextlib import aclosing
from typing import Any

import pytest

from tests.authserver.keys import Signer
from tests.release.batch_world import URL, Batches, content_digest, kinds, reasons
from tests.release.test_ends import suspend
from tests.release.world import Releases
from vault.accounts.tables import Person
from vault.authserver import bindings
from vault.authserver.errors import InsufficientScope, InvalidProof, InvalidRequest, InvalidToken, OAuthError
from vault.authserver.service_tokens import QUERY, REVOKE
from vault.authserver.tokens import Share
from vault.consent import withdraw
from vault.crypto.sealing import new_key
from vault.db import Session
from vault.errors import Unavailable
from vault.ids import PersonId, new_uuid
from vault.release.batch_caller import Line
from vault.release.batch_outcomes import Outcome
from vault.release.batching import admit, release_batch
from vault.release.engine import ReleaseEngine
from vault.requesters.liveness import NotLive

BODY = b"what was signed"
BREAKS: dict[str, tuple[type[OAuthError], str, dict[str, Any]]] = {
    "no digest": (InvalidRequest, "content-digest", {"digests": []}),
    "two digests": (InvalidRequest, "content-digest", {"digests": [content_digest(BODY)] * 2}),
    "of another body": (InvalidRequest, "content-digest", {"digests": [content_digest(b"another")]}),
    "another algorithm alone": (InvalidRequest, "content-digest", {"digests": ["md5=:m0Ea0wO4NHmfTYfBgf0VUg==:"]}),
    "not a list": (InvalidRequest, "content-digest", {"digests": [content_digest(BODY) + ";"]}),
    "the last one counts": (
        InvalidRequest,
        "content-digest",
        {"digests": [f"{content_digest(BODY)}, {content_digest(b'another')}"]},
    ),
    "proof without the claim": (InvalidProof, "dpop-content", {"claims": {"content_digest": None}}),
    "proof of another body": (InvalidProof, "dpop-content", {"claims": {"content_digest": content_digest(b"another")}}),
    "proof for single releases": (InvalidProof, "dpop-htu", {"claims": {"htu": URL.removesuffix("/batch")}}),
    "proof of another key": (InvalidProof, "dpop-bound", {"signer": Signer.make()}),
    "no proof": (InvalidProof, "dpop-present", {"proofs": []}),
}


@pytest.fixture
async def batches(releases: Releases) -> Batches:
    return await Batches(releases).with_people(2)


async def test_nothing_comes_in_that_its_proof_does_not_cover(batches: Batches) -> None:
    """Each break by its name, with everything else good; nothing is released, nothing claimed."""
    lines = [Line(0, batches.tokens[0], None)]
    for name, (kind, check, how) in BREAKS.items():
        ask = await batches.ask(lines, **({"body": BODY} | how))
        with pytest.raises(kind) as refused:
            await admit(batches.batching(), ask)
        assert refused.value.check == check, name
    assert await batches.delivered() == 0
    assert await batches.releases.administrator.rows("SELECT FROM release_batches") == []


async def test_a_proof_is_taken_once(batches: Batches) -> None:
    """The same request again, word for word, is a replay; the batch is resumed with a proof of its own."""
    ask = await batches.ask([Line(0, batches.tokens[0], None)])
    await admit(batches.batching(), ask)
    with pytest.raises(InvalidProof, match="used before"):
        await admit(batches.batching(), ask)


async def test_only_the_batch_token_opens_it(batches: Batches) -> None:
    """Tokens of people, and the client's own for managing grants, are for elsewhere; and this one is for nothing else:
    it is neither issued with other scopes nor taken where data is released one by one."""
    lines = [Line(0, batches.tokens[0], None)]
    one = await batches.releases.token(batches.consents[0].given)
    for token in (one, await batches.service_token(QUERY), await batches.service_token(f"{QUERY} {REVOKE}"), "x.y.z"):
        with pytest.raises(InvalidToken):
            await admit(batches.batching(), await batches.ask(lines, token=token))
    with pytest.raises(OAuthError, match="release_batch or relay"):
        await batches.service_token(f"{QUERY} release_batch")
    with pytest.raises(InvalidToken):
        await batches.releases.release(await batches.service_token())
    assert InsufficientScope("release_batch").http_status == 403


async def foreign(batches: Batches) -> dict[str, str]:
    """Refresh tokens that are real, or look so, and must all look like nothing."""
    one = batches.consents[0]
    other = Signer.make()
    withdrawn = await batches.allows(one.holder)
    await batches.releases.consents.db.run(withdraw, withdrawn.holder, withdrawn.given.grant, None)
    batches.consents.pop()
    token = batches.refresh_token
    return {
        "another client's": await token(one.holder, one.given, client_id=new_uuid()),
        "another key's": await token(one.holder, one.given, binding=bindings.key(other.thumbprint)),
        "of before a merge": await token(one.holder, one.given, share_number=2),
        "of a grant that is not": await token(one.holder, one.given, grant=new_uuid()),
        "of another person": await token(one.holder, one.given, share=Share(PersonId(new_uuid()), new_key())),
        "withdrawn": withdrawn.token,
        "made up": "rt_" + "A" * 120,
        "an access token": await batches.releases.token(one.given),
        "nothing like it": "🙂",
    }


async def test_what_is_not_the_clients_looks_like_nothing(batches: Batches) -> None:
    """Unknown, another's, ended: one answer for all of them, in the same words, and nothing is used up."""
    tokens = await foreign(batches)
    outcomes = await batches.send(list(tokens.values()))
    assert reasons(outcomes) == ["grant-ended"] * len(tokens)
    told = {repr((each.outcome, each.answer, each.told)) for each in outcomes}
    assert len(told) == 1
    assert await batches.uses() == [0, 0]
    reasons_kept = [(e["reason"], e.get("count")) for e in await batches.releases.entries("release.refused")]
    assert ("no_such_token", 5) in reasons_kept
    assert await batches.delivered() == 0


async def chunk_by_chunk(batches: Batches, between: Any) -> list[Outcome]:
    """Two chunks of one line, with something happening in between."""
    lines = [Line(number, token, None) for number, token in enumerate(batches.tokens)]
    ask, batching = await batches.ask(lines), batches.batching(chunk=1)
    sender = await admit(batching, ask)
    async with aclosing(await release_batch(batching, sender, ask=ask, lines=lines)) as chunks:
        found = list(await anext(chunks))
        await between()
        async for chunk in chunks:
            found += chunk
    return found


async def test_a_withdrawal_in_the_middle(batches: Batches) -> None:
    """The next chunk refuses."""
    last = batches.consents[1]

    async def act() -> None:
        await batches.releases.consents.db.run(withdraw, last.holder, last.given.grant, None)

    outcomes = await chunk_by_chunk(batches, act)
    assert kinds(outcomes) == ["delivered", "refused"]
    assert reasons(outcomes) == [None, "grant-ended"]
    assert await batches.uses() == [1, 0]


@pytest.mark.parametrize("what", ["client", "requester", "declaration", "permit"])
async def test_a_suspension_in_the_middle(batches: Batches, what: str) -> None:
    """The next chunk refuses, each line is recorded, and the next batch is refused as a whole."""

    async def act() -> None:
        await suspend(batches.releases, what)

    outcomes = await chunk_by_chunk(batches, act)
    assert reasons(outcomes) == [None, "not-live"]
    with pytest.raises(NotLive):
        await admit(batches.batching(), await batches.ask([Line(0, batches.tokens[0], None)], token=None))
    kept = {entry["reason"] for entry in await batches.releases.entries("release.refused")}
    assert kept == {f"{what}-suspended"}
    assert await batches.delivered() == 1


async def test_without_a_receipt_nothing_leaves(batches: Batches) -> None:
    """The ledger proves nothing in time: no line is answered; the same batch later is the same releases."""
    releases = batches.releases
    engine = releases.engine
    hasty = ReleaseEngine(
        **{name: getattr(engine, name) for name in ReleaseEngine.__dataclass_fields__} | {"receipt_timeout": 0.0}
    )
    releases.engine = hasty
    with pytest.raises(Unavailable):
        await batches.send(batches.tokens, key="late")
    releases.engine = engine
    assert kinds(await batches.send(batches.tokens, key="late")) == ["delivered"] * 2
    assert await batches.uses() == [1, 1]
    assert await batches.delivered() == 2


@pytest.mark.parametrize("missing", ["g", "registry", "wrap"])
async def test_without_a_share_nothing_opens(batches: Batches, missing: str) -> None:
    """A wrong person's share, no wrap, another registry's wrap: that line alone is refused, and it is recorded."""
    one = batches.consents[0]
    tokens = batches.tokens
    if missing == "g":
        wrong = Share(PersonId(one.holder.id), new_key())
        tokens = [await batches.refresh_token(one.holder, one.given, share=wrong), tokens[1]]
    elif missing == "wrap":
        await batches.releases.administrator.execute("DELETE FROM grant_wraps WHERE grant_id = $1", one.given.grant)
    else:
        edit = "UPDATE grant_wraps SET wrapped = set_byte(wrapped, 30, get_byte(wrapped, 30) # 1) WHERE grant_id = $1"
        await batches.releases.administrator.execute(edit, one.given.grant)
    outcomes = await batches.send(tokens)
    assert reasons(outcomes) == ["cannot-open", None]
    assert await batches.uses() == [0, 1]
    assert [entry["reason"] for entry in await batches.releases.entries("release.refused")] == ["cannot_open"]


async def test_an_edited_row_refuses_its_own_line(batches: Batches) -> None:
    """A grant that was given more uses by hand is refused loudly; the others are delivered."""
    edit = "UPDATE grants SET max_uses = 100000 WHERE id = $1"
    await batches.releases.administrator.execute(edit, batches.consents[0].given.grant)
    outcomes = await batches.send(batches.tokens)
    assert reasons(outcomes) == ["tampered", None]
    assert [entry["reason"] for entry in await batches.releases.entries("release.refused")] == ["tampered"]


async def test_a_row_that_verified_before_is_not_trusted_for_it(batches: Batches) -> None:
    """The MACs of grant and person fitted in the batch before and are remembered; one value of each is changed by hand:
    both lines are refused."""
    assert reasons(await batches.send(batches.tokens)) == [None, None]
    first, second = batches.consents
    edit = "UPDATE grants SET max_uses = 100000 WHERE id = $1"
    await batches.releases.administrator.execute(edit, first.given.grant)
    edit = "UPDATE persons SET mac = substr(mac, 1, 33) || '\\x00'::bytea || substr(mac, 35) WHERE person_id = $1"
    await batches.releases.administrator.execute(edit, second.holder.id)
    assert reasons(await batches.send(batches.tokens)) == ["tampered", "tampered"]


async def test_a_section_that_verified_before_is_not_trusted_for_it(batches: Batches) -> None:
    """Its signature held in the batch before and is remembered; a byte of it is changed by hand: it is refused."""
    assert reasons(await batches.send(batches.tokens)) == [None, None]
    edit = "UPDATE section_versions SET written_at = written_at + interval '1 second' WHERE person_id = $1"
    await batches.releases.administrator.execute(edit, batches.consents[0].holder.id)
    assert reasons(await batches.send(batches.tokens)) == ["tampered", None]


async def test_a_test_person_is_on_the_other_side(batches: Batches) -> None:
    """A person of a sandbox looks like nobody to a client in production."""
    one = batches.consents[0]

    async def act(session: Session) -> None:
        row = await session.get(Person, PersonId(one.holder.id))
        assert row is not None
        row.test_of = batches.releases.consents.bank.requester

    await batches.releases.consents.db.run(act)
    outcomes = await batches.send(batches.tokens)
    assert reasons(outcomes) == ["grant-ended", None]
