"""Approvals under attack: what an administrator writes by hand approves nothing."""

import pytest

from tests.release.officers import NUMBER, ask_for_number, decide
from tests.release.world import Releases, release_id
from vault.consent import Given
from vault.crypto.signing import is_signed
from vault.errors import CannotOpen, Tampered
from vault.release.approvals import APPROVE, Verdict
from vault.release.refusals import TooManyWaiting
from vault.release.waiting import MOST_WAITING

EDITS = {
    "approved by hand": "UPDATE releases SET state = 'approved'",
    "a denial turned": "WITH a AS (UPDATE approvals SET decision = 'approve') UPDATE releases SET state = 'approved'",
}


@pytest.mark.parametrize("edit", EDITS)
async def test_an_administrator_cannot_approve(releases: Releases, token: str, edit: str) -> None:
    """A state or a decision written by hand brings no share and does not fit its MAC."""
    location = await ask_for_number(releases, token)
    if edit == "a denial turned":
        await decide(releases, location, approve=False)
    await releases.administrator.execute(EDITS[edit])
    with pytest.raises(Tampered):
        await releases.release(token, NUMBER, key="once")


async def test_a_used_approval_cannot_be_reset(releases: Releases, given: Given, token: str) -> None:
    """Set back by hand, its share no longer opens as an unused one."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    await releases.values(token, NUMBER, key="once")
    await releases.administrator.execute(
        "WITH a AS (UPDATE approvals SET used_at = NULL) UPDATE releases SET state = 'approved', versions = '{}'"
    )
    with pytest.raises(CannotOpen):
        await releases.release(token, NUMBER, key="once")
    assert await releases.uses(given) == 1


async def test_an_approval_of_another_release_does_not_open(releases: Releases, token: str) -> None:
    """Neither its share in another approval's row, nor the approval under another release's number."""
    one, two = await ask_for_number(releases, token, "one"), await ask_for_number(releases, token, "two")
    await decide(releases, one)
    await decide(releases, two)
    await releases.administrator.execute(
        "UPDATE approvals a SET share = o.share FROM approvals o WHERE a.release_id = $1 AND o.release_id = $2",
        release_id(one),
        release_id(two),
    )
    with pytest.raises(CannotOpen):
        await releases.release(token, NUMBER, key="one")
    await releases.administrator.execute("DELETE FROM approvals WHERE release_id = $1", release_id(one))
    await releases.administrator.execute("UPDATE approvals SET release_id = $1", release_id(one))
    with pytest.raises(Tampered):
        await releases.release(token, NUMBER, key="one")


async def test_the_desk_is_not_shown_other_items_than_were_asked_for(releases: Releases, token: str) -> None:
    """A waiting row whose items were edited is refused: the officer would sign for something else."""
    location = await ask_for_number(releases, token)
    await releases.administrator.execute("""UPDATE releases SET items = '[{"item": "identity.name", "form": "raw"}]'""")
    with pytest.raises(Tampered):
        await decide(releases, location)


async def test_the_decision_is_signed_by_the_officer(releases: Releases, token: str) -> None:
    """Anyone with the officer's public key can check what was approved, by whom, for how long."""
    location = await ask_for_number(releases, token)
    await decide(releases, location)
    (row,) = await releases.administrator.rows("SELECT * FROM approvals")
    verdict = Verdict(
        release=release_id(location),
        request_digest=row["request_digest"],
        decision=APPROVE,
        reason=row["reason"],
        at=row["at"],
        expires_at=row["expires_at"],
    )
    public = releases.consents.world.staff.third.bundle.signing_public
    assert is_signed(public, verdict.message(), row["signature"])


async def test_a_requester_cannot_fill_the_desk(releases: Releases, token: str) -> None:
    """Five releases of a grant may wait; the sixth is refused until one of them is decided."""
    waiting = [(await releases.release(token, NUMBER, key=f"key-{n}")).location for n in range(MOST_WAITING)]
    with pytest.raises(TooManyWaiting):
        await releases.release(token, NUMBER, key="one-more")
    assert len(await releases.entries("release.requested")) == MOST_WAITING
    await decide(releases, waiting[0] or "")
    assert (await releases.release(token, NUMBER, key="one-more")).status == 202
