"""When and from where a declaration may be used: hours of the day, networks of the caller. Pure.

Hours are by the clock of the registry's zone (China has one) and may run over midnight. Networks are compared with the
address that a request came from, as the listed proxies tell it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Final

import msgspec

ZONE: Final = timezone(timedelta(hours=8))
MOST_NETWORKS: Final = 32
_DAY: Final = 24 * 60
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]
Network = Annotated[str, msgspec.Meta(min_length=3, max_length=43)]
"""A CIDR: 203.0.113.0/24, 2001:db8::/32."""


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """From one time of the day to another, the latter not included: ``{"from": "08:00", "until": "20:00"}``."""

    start: Clock
    until: Clock

    def minutes(self) -> tuple[int, int]:
        """First minute of the day, and how many follow."""
        start, until = (int(text[:2]) * 60 + int(text[3:]) for text in (self.start, self.until))
        return start, (until - start) % _DAY or _DAY

    def holds(self, now: datetime) -> bool:
        """Whether it is one of these hours."""
        local = now.astimezone(ZONE)
        start, length = self.minutes()
        return (local.hour * 60 + local.minute - start) % _DAY < length

    def opens_in(self, now: datetime) -> timedelta:
        """How long until they begin; nothing while they hold."""
        if self.holds(now):
            return timedelta(0)
        local = now.astimezone(ZONE)
        into = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        return (timedelta(minutes=self.minutes()[0]) - into) % timedelta(days=1)

    def is_within(self, wider: "Hours | None") -> bool:
        """Whether whoever keeps to these keeps to the wider ones (None: the whole day)."""
        if wider is None:
            return True
        (start, length), (first, span) = self.minutes(), wider.minutes()
        return span == _DAY or (start - first) % _DAY + length <= span


def contain(networks: Iterable[str], address: str) -> bool:
    """Whether the address is in one of the networks. What is no address is in none."""
    try:
        wanted = ip_address(address)
    except ValueError:
        return False
    wanted = getattr(wanted, "ipv4_mapped", None) or wanted
    return any(wanted in _read(each) for each in networks)


def are_within(networks: Iterable[str], wider: Iterable[str] | None) -> bool:
    """Whether every one of the networks lies in one of the wider ones (None: everywhere)."""
    if wider is None:
        return True
    outer = [_read(each) for each in wider]
    return all(any(_is_part(_read(each), of) for of in outer) for each in networks)


def problems_of(hours: Hours | None, networks: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    """(member, what is wrong with it)."""
    if hours is not None and hours.start == hours.until:
        yield "hours", "must begin and end at different times"
    for number, network in enumerate(networks or ()):
        try:
            _read(network)
        except ValueError:
            yield f"networks.{number}", "must be a network such as 203.0.113.0/24, with no bits beyond its prefix"


def _read(network: str) -> IPv4Network | IPv6Network:
    return ip_network(network)


def _is_part(inner: IPv4Network | IPv6Network, outer: IPv4Network | IPv6Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)
