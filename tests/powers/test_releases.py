"""What regulators order, seen from a release: it holds for the next one."""

import pytest

from tests.powers.world import regulators
from tests.release.world import Releases
from vault.consent import OverAsked
from vault.ids import DeclarationId
from vault.powers import Target
from vault.release.refusals import GrantEnded, TooOften
from vault.requesters import register
from vault.requesters.liveness import NotLive


async def test_every_order_holds_for_the_next_release(releases: Releases) -> None:
    """Also where the process remembers the register: grant, organisation and declaration stopped, item and rate cut."""
    consents = releases.consents
    supervisors = await regulators(consents.db, consents.world.staff)
    assert consents.bank.requester is not None
    assert consents.bank.client_id is not None
    given = await releases.given()
    token = await releases.token(given)
    declaration = (await consents.db.run(register.client, consents.bank.client_id)).declaration_id
    await releases.values(token)
    for target, error in (
        (Target("grant", given.grant), GrantEnded),
        (Target("requester", consents.bank.requester), NotLive),
        (Target("declaration", declaration), NotLive),
    ):
        await supervisors.order("suspend", target, is_urgent=True)
        with pytest.raises(error):
            await releases.release(token)
        await supervisors.done("lift", target, reason_code="unfounded")
        await releases.values(token)
    whole = Target("declaration", DeclarationId(declaration))
    await supervisors.done("narrow", whole, cut={"without": ["contact.phone_number"]})
    with pytest.raises(OverAsked, match="phone_number"):
        await releases.release(token)
    assert set(await releases.values(token, "identity.name")) == {"identity.name"}
    uses = await releases.uses(given)
    await supervisors.done("narrow", whole, cut={"frequency": {"per": "day", "count": uses}})
    with pytest.raises(TooOften):
        await releases.release(token, "identity.name")
