"""A checker under control: registers that confirm what they are told to, pages that say what they are given."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from vault.proofing import SourceUnavailable, Statement
from vault.vetting.examining import Checker
from vault.vetting.fetching import Fetched, NotFetched
from vault.vetting.findings import WELL_KNOWN, Finding
from vault.vetting.subject import Subject

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "found": True,
    "name_matches": True,
    "persons_on_record": True,
    "status": "in-business",
    "founded_on": date(2011, 3, 15),
    "listings": 0,
}


@dataclass
class FakeRegisters:
    """``said``: what differs from good news, by register; ``away``: registers that do not answer."""

    said: dict[str, dict[str, Any]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    async def ask(self, register: str, *, uscc: str, name: str, persons: list[str]) -> Statement:
        """What it was told to say."""
        self.asked.append(register)
        if register in self.away:
            raise SourceUnavailable
        told = GOOD | self.said.get(register, {})
        return Statement(register=register, source="fake", checked_at=AT, evidence="e30.e30.AA", **told)


@dataclass
class FakeHosts:
    """``pages`` by address; what has none is not reached."""

    pages: dict[str, bytes | NotFetched] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def get(self, url: str, *, most: int) -> Fetched | NotFetched:
        """The page."""
        self.asked.append(url)
        got = self.pages.get(url, NotFetched("no-connection", is_answer=False))
        return Fetched(got[:most], "93.184.216.34") if isinstance(got, bytes) else got


@dataclass
class World:
    """Both, and the checker over them."""

    registers: FakeRegisters = field(default_factory=FakeRegisters)
    hosts: FakeHosts = field(default_factory=FakeHosts)

    @property
    def checker(self) -> Checker:
        """To run checks with."""
        return Checker(self.registers, self.hosts)

    def serves(self, host: str, token: str) -> None:
        """The host serves this token at the well-known address."""
        self.hosts.pages[f"https://{host}{WELL_KNOWN}"] = f"# ours\n{token}\n".encode()


class Confirming(Checker):
    """For tests of other things: the registers confirm everybody, and every host serves what it must."""

    async def examine(self, subject: Subject) -> list[Finding]:
        """By the real checks, against hosts that do as they should."""
        world = World()
        for host in subject.hosts:
            world.serves(host, subject.tokens[0])
        return await world.checker.examine(subject)


def confirming() -> Checker:
    """A checker that finds nothing wrong with anybody honest."""
    return Confirming(FakeRegisters(), FakeHosts())
