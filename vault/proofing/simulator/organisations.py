"""The simulated registers of organisations: every organisation is there and in order, but for documented codes.

What is "in" them may be changed while the simulator runs (:meth:`OrganisationSimulator.change`), so that one can see
what happens to a requester about whom a register says something else tomorrow.
"""

import threading
from typing import Annotated, Final

import msgspec

from vault.clock import Clock
from vault.crypto.jws import sign_jws
from vault.crypto.signing import SigningKey
from vault.proofing.registers import ANSWER_TYPE, RegisterClaims, RegisterQuestion

NAME: Final = "pivault-simulator-registers"
IN_BUSINESS: Final = "in-business"
MOST_CHANGED: Final = 10_000
_Name = Annotated[str, msgspec.Meta(max_length=200)]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the simulated registers hold about one organisation. ``name``, ``persons`` None: whatever is claimed."""

    is_broken: bool = False
    registered: bool = True
    name: _Name | None = None
    status: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")] = IN_BUSINESS
    persons: Annotated[list[_Name], msgspec.Meta(max_length=50)] | None = None
    founded_on: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")] = "2011-03-15"
    credit_listings: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    dishonesty_listings: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


PATTERNS: Final[dict[str, Facts]] = {
    "999": Facts(registered=False),
    "998": Facts(is_broken=True),
    "997": Facts(name="Another Company"),
    "996": Facts(status="revoked"),
    "995": Facts(persons=[]),
    "994": Facts(dishonesty_listings=1),
    "993": Facts(credit_listings=2),
    "992": Facts(founded_on="2026-10-01"),
}
"""By the 15th to 17th character of the unified social credit code."""


class OrganisationSimulator:
    """What the registers say, apart from how they are asked."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self.key = key
        self._clock = clock
        self._changed: dict[str, Facts] = {}
        self._lock = threading.Lock()

    def change(self, uscc: str, facts: Facts | None) -> bool:
        """From now on the registers hold this about the organisation; None: what they held at first.

        Returns False when there is no room for more.
        """
        with self._lock:
            if facts is None:
                self._changed.pop(uscc, None)
            elif len(self._changed) >= MOST_CHANGED and uscc not in self._changed:
                return False
            else:
                self._changed[uscc] = facts
            return True

    def facts(self, uscc: str) -> Facts:
        """What the registers hold about it now."""
        return self._changed.get(uscc) or PATTERNS.get(uscc[14:17], Facts())

    def answer(self, question: RegisterQuestion) -> str | None:
        """A signed answer; None where it plays broken."""
        facts = self.facts(question.uscc)
        if facts.is_broken:
            return None
        said: dict[str, object] = {"found": facts.registered}
        if question.register == "business" and facts.registered:
            said |= {
                "name_matches": facts.name in {None, question.name},
                "persons_on_record": facts.persons is None or bool(set(question.persons) & set(facts.persons)),
                "status": facts.status,
                "founded_on": facts.founded_on,
            }
        if question.register == "credit":
            said["listings"] = facts.credit_listings
        if question.register == "dishonesty":
            said["listings"] = facts.dishonesty_listings
        claims = RegisterClaims(
            iss=NAME,
            iat=int(self._clock.now().timestamp()),
            nonce=question.nonce,
            register=question.register,
            subject_digest=question.subject_digest(),
            **said,  # type: ignore[arg-type]  # each under its own type above
        )
        return sign_jws(self.key.sign, {"typ": ANSWER_TYPE}, msgspec.json.encode(claims))
