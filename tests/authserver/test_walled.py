"""Out of band across the wall around sandboxes."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from tests.authserver.bank import Bank
from tests.authserver.callcentre import CallCentre
from tests.profile.world import drafts
from vault.clock import FixedClock
from vault.errors import NotFound
from vault.signin import Holder


async def test_a_sandbox_reaches_nobody_real_out_of_band(bank: Bank, person: Holder, clock: FixedClock) -> None:
    """Whoever reads a code out to a sandbox is not asked; the client sees what it sees when nobody answers."""
    sandbox = replace(bank, decided=replace(bank.decided, client_id=bank.decided.sandbox))
    centre = await CallCentre.registered(sandbox)
    started, prompt = await centre.asked(person)
    assert prompt.state == "withheld"
    with pytest.raises(NotFound):
        await centre.allow(person, prompt)
    withheld = [each for each in map(msgspec.json.decode, await drafts(bank.db)) if each["event"] == "consent.withheld"]
    assert [each["reason"] for each in withheld] == ["not-eligible"]
    assert (await centre.answer(started))["error"] == "authorization_pending"
    clock.move(timedelta(minutes=6))
    assert await centre.answer(started) == {"status": 400, "error": "access_denied"}
