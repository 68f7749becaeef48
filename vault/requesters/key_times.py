"""When a client's keys hold: from and until, rotation with overlap, never without a valid key. Pure.

Times are kept beside the keys as {kid: {"from": ms, "until": ms}}, either of them left out where there is no bound;
a key without an entry holds for ever. A key holds at ``from`` and no longer at ``until``.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from vault.clock import from_millis, millis
from vault.errors import Invalid
from vault.requesters.jwks import import_public, is_signing, problems_of_set

Times = Mapping[str, Mapping[str, int]]
LONGEST_AHEAD: Final = timedelta(days=365)
"""Nothing is planned further ahead: a forgotten date is worse than a short one."""
_NEVER: Final = 1 << 62


class Keys:
    """A client's keys with their times, as a value: each change gives new keys or raises Invalid by field."""

    def __init__(self, jwks: Mapping[str, Any], times: Times | None) -> None:
        self.jwks: dict[str, Any] = {"keys": list(jwks["keys"])}
        self.times: dict[str, dict[str, int]] = {kid: dict(bounds) for kid, bounds in (times or {}).items()}

    def valid(self, now: datetime) -> dict[str, Any]:
        """The key set of this moment, which may be empty."""
        at = millis(now)
        return {"keys": [key for key in self.jwks["keys"] if self._holds(key["kid"], at)]}

    def state(self, kid: str, now: datetime) -> str:
        """``coming``, ``valid`` or ``ended``."""
        start, end = self._bounds(kid)
        at = millis(now)
        return "coming" if at < start else "valid" if at < end else "ended"

    def with_key(
        self, key: Mapping[str, Any], *, start: datetime | None, end: datetime | None, now: datetime
    ) -> "Keys":
        """With one more key. Those that have ended make room for it."""
        kept = [each for each in self.jwks["keys"] if self.state(each["kid"], now) != "ended"]
        changed = Keys({"keys": [*kept, dict(key)]}, {k: v for k, v in self.times.items() if _has(kept, k)})
        problems = problems_of_set(changed.jwks)
        if problems:
            raise Invalid(
                "; ".join(f"{_shown(where, len(kept))}: {why}" for where, why in problems[:5]),
                errors=[{"field": _shown(where, len(kept)), "why": why} for where, why in problems],
            )
        if _material(key) in {_material(each) for each in kept}:
            raise Invalid.field("jwk", "is one of your keys already, under another kid: make a new key pair")
        bounds = _bounded(start, end, now)
        if bounds:
            changed.times[str(key["kid"])] = bounds
        return changed

    def ended(self, kid: str, *, end: datetime, now: datetime) -> "Keys":
        """With this key's end brought to a moment from now on. Whether a moment without a key follows tells
        :meth:`first_gap`."""
        if not _has(self.jwks["keys"], kid) or self.state(kid, now) == "ended":
            raise Invalid.field("kid", "is no key of this client that holds now or later")
        start, until = self._bounds(kid)
        at = max(millis(end), millis(now))
        if end > now + LONGEST_AHEAD:
            raise Invalid.field("until", f"must be at most {LONGEST_AHEAD.days} days ahead")
        if at > until:
            raise Invalid.field("until", "is after the end this key has already: validity is only ever shortened")
        changed = Keys(self.jwks, self.times)
        changed.times[kid] = ({"from": start} if start else {}) | {"until": at}
        return changed

    def first_gap(self, now: datetime) -> datetime | None:
        """The first moment from now on at which no key to sign with holds; None when there is none."""
        at = millis(now)
        for start, end in sorted(self._bounds(key["kid"]) for key in self.jwks["keys"] if is_signing(key)):
            if start <= at < end:
                at = end
        return None if at >= _NEVER else from_millis(at)

    def _holds(self, kid: str, at: int) -> bool:
        start, end = self._bounds(kid)
        return start <= at < end

    def _bounds(self, kid: str) -> tuple[int, int]:
        bounds = self.times.get(kid, {})
        return bounds.get("from", 0), bounds.get("until", _NEVER)


def valid_keys(jwks: Mapping[str, Any], times: Times | None, now: datetime) -> Mapping[str, Any]:
    """The key set of this moment: all of it where no key has times, which is the common case and costs nothing."""
    return Keys(jwks, times).valid(now) if times else jwks


def _bounded(start: datetime | None, end: datetime | None, now: datetime) -> dict[str, int]:
    begins = max(millis(start or now), millis(now))
    for name, moment in (("from", start), ("until", end)):
        if moment is not None and moment > now + LONGEST_AHEAD:
            raise Invalid.field(name, f"must be at most {LONGEST_AHEAD.days} days ahead")
    if end is not None and millis(end) <= begins:
        raise Invalid.field("until", "must be after the key begins to hold")
    bounds = {"from": begins} if begins > millis(now) else {}
    return bounds | ({"until": millis(end)} if end is not None else {})


def _has(keys: list[Any], kid: str) -> bool:
    return any(key["kid"] == kid for key in keys)


def _shown(where: str, index: int) -> str:
    """The path below the new key, which is the last of the set that was looked at."""
    return where.replace(f"keys[{index}]", "jwk").removeprefix("keys.") or "jwk"


def _material(key: Mapping[str, Any]) -> str:
    return import_public(key).thumbprint()


def said(at: datetime) -> str:
    """A moment for people (RFC 3339)."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
