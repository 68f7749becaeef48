"""The second pair of eyes: another regulator, of another unit, still in office, over a signature that holds."""

from typing import Final

from vault.crypto.signing import is_signed
from vault.db import Session
from vault.errors import Conflict, Refused, Tampered
from vault.ids import StaffId
from vault.registry import StaffMember, staff_member
from vault.requesters.hidden import reads_as


class AnotherRegulator(Refused):
    """This takes somebody else. ``reason`` is for the entry: same-regulator, same-unit, repeated."""

    name, title = "another-regulator", "Another regulator must decide this"
    advice = "A regulator of another unit, whose mandate has the power, must decide."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(_WHY[reason], reason=reason)


_WHY: Final = {
    "same-regulator": "You proposed it yourself.",
    "same-unit": "You are of the same unit as the regulator who proposed it.",
    "repeated": "Your last stop of it lapsed because nobody confirmed it: a colleague must order it.",
}


async def check_second(
    session: Session, member: StaffMember, first_id: StaffId, *, message: bytes, signature: bytes
) -> None:
    """Raises AnotherRegulator, Conflict when the first left since, Tampered when their signature does not hold."""
    first = await staff_member(session, first_id)
    if first.id == member.id:
        raise AnotherRegulator("same-regulator")
    if reads_as(first.unit) == reads_as(member.unit) and reads_as(first.organisation) == reads_as(member.organisation):
        raise AnotherRegulator("same-unit")
    if first.status != "active":
        raise Conflict("Whoever proposed this is no longer in office: propose it anew.")
    if not is_signed(first.signing_public, message, signature):
        raise Tampered(private="the signature of a proposal does not verify")
