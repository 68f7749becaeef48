"""The simulated population register: it knows nobody and confirms almost everybody."""

from typing import Final

import msgspec

from vault.accounts.numbers import CN_RIC, is_valid
from vault.clock import Clock
from vault.crypto.jws import sign_jws
from vault.crypto.signing import SigningKey
from vault.proofing.source import ANSWER_TYPE, CHECKED, Claims, Question

NAME: Final = "pivault-simulator"
NO_MATCH: Final = "999"
BROKEN: Final = "998"


class Simulator:
    """What the simulator says, apart from how it is asked."""

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self.key = key
        self._clock = clock

    def answer(self, question: Question) -> str | None:
        """A signed answer; None for numbers on which it plays broken."""
        sequence = question.number[14:17]
        if sequence == BROKEN:
            return None
        known = question.scheme == CN_RIC and is_valid(question.number) and question.name.strip() != ""
        claims = Claims(
            iss=NAME,
            iat=int(self._clock.now().timestamp()),
            nonce=question.nonce,
            match=known and sequence != NO_MATCH,
            level=CHECKED,
            subject_digest=question.subject_digest(),
        )
        return sign_jws(self.key.sign, {"typ": ANSWER_TYPE}, msgspec.json.encode(claims))
