"""What a requester says about an order: signed with its own key, about its own order, in time; and every forgery."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.authserver.keys import Signer
from tests.consent.world import declaration
from tests.deletion.world import ISSUER, Deletions
from tests.organisations.world import new_uscc
from tests.requesters.samples import application
from tests.requesters.world import let_in
from vault import ids
from vault.authserver.deletion_statements import NotSigned, hand_in
from vault.clock import FixedClock
from vault.crypto.canonical import b64, digest
from vault.db import Session
from vault.deletion.answering import BadStatement
from vault.errors import Conflict, NotFound
from vault.requesters.standing import State
from vault.requesters.tables import Client

LATER = "2027-11-22T00:00:00Z"


async def test_all_of_it_is_deleted(deletions: Deletions) -> None:
    """The statement is kept as it came, its digest is in the ledger, the person sees both."""
    order = await deletions.ordered()
    statement = deletions.statement(order.id)
    assert await hand_in(deletions.db, order.id, statement, issuer=ISSUER) == "deleted"
    (seen,) = await deletions.orders()
    assert (seen.state, seen.statements) == ("deleted", (statement,))
    (entry,) = await deletions.entries("deletion.answered")
    assert (entry["outcome"], entry["digest"]) == ("deleted", b64(digest(statement.encode())))


async def test_what_is_kept_is_said_with_its_ground_and_deleted_later(deletions: Deletions, clock: FixedClock) -> None:
    """Partly or not at all, on what legal basis, until when; then it may still be deleted; after that, nothing."""
    order = await deletions.ordered()
    assert await deletions.say(order.id, outcome="kept", legal_basis="cn-aml-art-34", kept_until=LATER) == "kept"
    (seen,) = await deletions.orders()
    assert (seen.state, seen.basis) == ("kept", "cn-aml-art-34")
    clock.move(timedelta(days=300))
    assert await deletions.say(order.id) == "deleted"
    (seen,) = await deletions.orders()
    assert (seen.state, seen.basis, len(seen.statements)) == ("deleted", None, 2)
    with pytest.raises(Conflict):
        await deletions.say(order.id, outcome="partly", legal_basis="cn-aml-art-34", kept_until="2028-01-01T00:00:00Z")


async def test_the_same_statement_again_changes_nothing(deletions: Deletions) -> None:
    """A client that lost the answer hands it in once more."""
    order = await deletions.ordered()
    statement = deletions.statement(order.id)
    for _ in range(2):
        assert await hand_in(deletions.db, order.id, statement, issuer=ISSUER) == "deleted"
    assert len(await deletions.entries("deletion.answered")) == 1


@pytest.mark.parametrize("alg", ["EdDSA", "ES256"])
async def test_a_key_that_is_not_registered_signs_nothing(deletions: Deletions, alg: str) -> None:
    """Also under the kid of the registered one; nothing is recorded of strangers."""
    order = await deletions.ordered()
    with pytest.raises(NotSigned):
        await deletions.say(order.id, key=Signer.make(alg, kid=deletions.key.kid))
    assert [each.state for each in await deletions.orders()] == ["open"]
    assert await deletions.entries("deletion.refused") == []


async def test_a_statement_that_was_changed_is_nobodys(deletions: Deletions) -> None:
    """Another payload, header or signature; no signature; something else that the key signed."""
    order = await deletions.ordered()
    head, body, tail = deletions.statement(order.id).split(".")
    other = deletions.statement(order.id, outcome="kept", legal_basis="none", kept_until=LATER).split(".")
    none = b64(b'{"alg":"none","typ":"deletion-statement+jwt","kid":"k1"}')
    broken = (
        f"{head}.{other[1]}.{tail}",
        f"{other[0]}.{body}.{other[2]}",
        f"{none}.{body}.",
        f"{head}.{body}",
        "x.y.z",
    )
    for statement in (*broken, deletions.statement(order.id, typ="JWT"), deletions.statement(order.id, iss="cli_x")):
        with pytest.raises(NotSigned):
            await hand_in(deletions.db, order.id, statement, issuer=ISSUER)
    assert [each.state for each in await deletions.orders()] == ["open"]


async def test_another_organisations_order_looks_absent(deletions: Deletions) -> None:
    """Another bank with good keys of its own cannot answer it; that it tried is recorded, as for an unknown one."""
    order = await deletions.ordered()
    key = Signer.make(kid="k2")
    body = application(
        declaration=declaration(), client__jwks={"keys": [key.registered]}, organisation__uscc=new_uscc()
    )
    other = await let_in(deletions.db, deletions.consents.world.staff, body)
    assert other.client_id is not None
    iss = ids.public(ids.CLIENT, other.client_id)
    for which in (order.id, ids.new_uuid()):
        with pytest.raises(NotFound):
            await deletions.say(which, key=key, iss=iss)
    refused = await deletions.entries("deletion.refused")
    assert [each["reason"] for each in refused] == ["not-found"] * 2
    assert [each.state for each in await deletions.orders()] == ["open"]


async def give_up(session: Session, client: UUID) -> None:
    """End a client, as its registration does."""
    row = await session.get(Client, client)
    assert row is not None
    row.status = State.SURRENDERED


async def test_another_client_of_the_bank_answers_only_for_one_that_was_given_up(deletions: Deletions) -> None:
    """Its sandbox, say, which has the same key: as absent as another bank's, while the client itself can answer."""
    order, client = await deletions.ordered(), deletions.consents.bank.client_id
    ((sandbox,),) = await deletions.administrator.rows("SELECT id FROM clients WHERE sandbox_of = $1", client)
    with pytest.raises(NotFound):
        await deletions.say(order.id, iss=ids.public(ids.CLIENT, sandbox))
    assert [each.state for each in await deletions.orders()] == ["open"]
    assert client is not None
    await deletions.db.run(give_up, client)
    assert await deletions.say(order.id, iss=ids.public(ids.CLIENT, sandbox)) == "deleted"


BAD = {
    "for another vault": {"aud": "https://other.example"},
    "of yesterday": {"iat": 1_795_000_000},
    "of another order": {"order": "del_" + "0" * 32},
    "of no known outcome": {"outcome": "lost"},
    "kept without a ground": {"outcome": "kept", "kept_until": LATER},
    "kept without an end": {"outcome": "partly", "legal_basis": "cn-aml-art-34"},
    "kept until yesterday": {"outcome": "kept", "legal_basis": "cn-aml", "kept_until": "2026-11-21T00:00:00Z"},
    "kept for ever": {"outcome": "kept", "legal_basis": "cn-aml", "kept_until": "2099-01-01T00:00:00Z"},
    "deleted and kept": {"legal_basis": "cn-aml", "kept_until": LATER},
    "with words for a ground": {"outcome": "kept", "legal_basis": "We just need it.", "kept_until": LATER},
    "with more than that": {"note": "called Mr Chen"},
}


@pytest.mark.parametrize("how", BAD)
async def test_a_bad_statement_is_refused_and_recorded(deletions: Deletions, how: str) -> None:
    """Signed, and still no answer; the entry names who and what rule, and nothing of what was said."""
    order = await deletions.ordered()
    with pytest.raises(BadStatement):
        await deletions.say(order.id, **BAD[how])
    (entry,) = await deletions.entries("deletion.refused")
    assert entry["reason"] == "bad-statement"
    assert [each.state for each in await deletions.orders()] == ["open"]


async def test_who_is_out_still_answers(deletions: Deletions) -> None:
    """A revoked organisation holds copies, too."""
    from vault.requesters.tables import Requester

    order = await deletions.ordered()
    async with deletions.db.begin() as session:
        row = await session.get(Requester, deletions.requester)
        assert row is not None
        row.status = "revoked"
    assert await deletions.say(order.id) == "deleted"
