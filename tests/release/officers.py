"""The sensitive item of these tests, and the officer who decides about it."""

from tests.release.world import GENERAL, SENSITIVE, Releases, release_id
from vault.release import desk
from vault.signin import Holder

NUMBER = "identity.national_id"
BOTH = GENERAL | SENSITIVE
WHY = "as agreed at the counter"
RULINGS = {True: desk.Ruling(approve=True, reason=WHY), False: desk.Ruling(approve=False, reason=WHY, code="too_much")}


async def ask_for_number(releases: Releases, token: str, key: str = "once") -> str:
    """Where the state of the waiting release is told."""
    answer = await releases.release(token, NUMBER, key=key)
    assert answer.status == 202
    assert answer.location is not None
    return answer.location


async def decide(
    releases: Releases, location: str, *, approve: bool = True, officer: Holder | None = None
) -> desk.Decided:
    """The release officer decides."""
    who = officer or releases.consents.world.staff.third
    return await desk.decide_on_record(releases.consents.db, who, release_id(location), RULINGS[approve])
