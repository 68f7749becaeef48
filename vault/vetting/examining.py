"""Running the checks: questions to registers, pages of the applicant. All of the room's network is here.

Nothing here has a session: checks never run inside a transaction.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from vault.crypto.sealing import same
from vault.proofing import SourceUnavailable, Statement
from vault.proofing.registers import Register
from vault.vetting.authorities import Registers
from vault.vetting.fetching import Fetched, Fetcher, NotFetched
from vault.vetting.findings import (
    BUSINESS,
    CREDIT,
    DISHONESTY,
    DOMAIN,
    POLICY,
    WELL_KNOWN,
    Finding,
)
from vault.vetting.keystrength import check_keys
from vault.vetting.subject import Page, Subject

IN_BUSINESS: Final = "in-business"
MOST_TOKEN_FILE: Final = 4096
MOST_PAGE: Final = 2 * 1024 * 1024
MOST_SEEN: Final = 200
"""Characters of what a host said that are kept as evidence."""
AT_ONCE: Final = 4
"""Pages fetched at the same time."""


@dataclass(frozen=True)
class Checker:
    """Everything the checks reach out with."""

    registers: Registers
    fetcher: Fetcher

    async def examine(self, subject: Subject) -> list[Finding]:
        """One finding for each check and target. Never raises for what a source or a host does."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def limited(finding: Any) -> Finding:
            async with gate:
                found: Finding = await finding
                return found

        asked = [self._ask(each, name, subject) for each, name in _REGISTERS]
        hosts = [self._domain(host, subject) for host in subject.hosts]
        pages = [self._page(page) for page in subject.pages]
        found = await asyncio.gather(*(limited(each) for each in (*asked, *hosts, *pages)))
        exempt = [Finding(DOMAIN, "exempt", host, ("loopback",)) for host in subject.loopback]
        keys = await asyncio.to_thread(check_keys, {"keys": list(subject.keys)})
        return [*found, *exempt, *keys]

    async def sources(self, subject: Subject) -> list[Finding]:
        """The registers alone: what a periodic round asks about a requester in force."""
        return list(await asyncio.gather(*(self._ask(each, name, subject) for each, name in _REGISTERS)))

    async def _ask(self, register: Register, check: str, subject: Subject) -> Finding:
        try:
            statement = await self.registers.ask(
                register, uscc=subject.uscc, name=subject.name, persons=list(subject.persons)
            )
        except SourceUnavailable:
            return Finding(check, "unavailable", reasons=("source-unavailable",))
        return of_statement(check, statement)

    async def _domain(self, host: str, subject: Subject) -> Finding:
        url = f"https://{f'[{host}]' if ':' in host else host}{WELL_KNOWN}"
        got = await self.fetcher.get(url, most=MOST_TOKEN_FILE)
        if isinstance(got, NotFetched):
            return _not_fetched(DOMAIN, host, url, got)
        text = got.body.decode("utf-8", "replace")
        lines = [line.strip().encode() for line in text.splitlines()]
        held = any(same(line, token.encode()) for line in lines for token in subject.tokens)
        evidence = {"url": url, "address": got.address, "seen": _printable(text)}
        if held:
            return Finding(DOMAIN, "passed", host, evidence=evidence)
        return Finding(DOMAIN, "failed", host, ("token-missing",), evidence)

    async def _page(self, page: Page) -> Finding:
        if page.sha256 is None:
            return Finding(POLICY, "exempt", page.url, ("no-digest",))
        got = await self.fetcher.get(page.url, most=MOST_PAGE)
        if isinstance(got, NotFetched):
            # Where it cannot be reached nothing is known of its content, whoever's fault that is.
            seen = _not_fetched(POLICY, page.url, page.url, got)
            return Finding(POLICY, "unavailable", page.url, seen.reasons, seen.evidence)
        return _compared(page, got)


_REGISTERS: Final[tuple[tuple[Register, str], ...]] = (
    ("business", BUSINESS),
    ("credit", CREDIT),
    ("dishonesty", DISHONESTY),
)


def of_statement(check: str, said: Statement) -> Finding:
    """What a register's statement means for a check."""
    if check == BUSINESS:
        reasons = _business(said)
        told: dict[str, Any] = {
            "status": said.status,
            "founded_on": _day(said.founded_on),
            "name_matches": said.name_matches,
            "persons_on_record": said.persons_on_record,
        }
    else:
        reasons = ("listed",) if said.listings else ()
        told = {"listings": said.listings}
    evidence = {"source": said.source, "jws": said.evidence, "said": {"found": said.found, **told}}
    return Finding(check, "failed" if reasons else "passed", reasons=reasons, evidence=evidence)


def _business(said: Statement) -> tuple[str, ...]:
    if not said.found:
        return ("not-registered",)
    wrong = {
        "other-name": not said.name_matches,
        "not-in-business": said.status != IN_BUSINESS,
        "person-not-on-record": not said.persons_on_record,
    }
    return tuple(name for name, is_wrong in wrong.items() if is_wrong)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _not_fetched(check: str, target: str, url: str, got: NotFetched) -> Finding:
    result = "failed" if got.is_answer else "unavailable"
    return Finding(check, result, target, (got.reason,), {"url": url, **got.seen})  # type: ignore[arg-type]  # one of two


def _compared(page: Page, got: Fetched) -> Finding:
    sha256 = hashlib.sha256(got.body).hexdigest()
    evidence = {"url": page.url, "address": got.address, "bytes": len(got.body), "sha256": sha256}
    if sha256 == page.sha256:
        return Finding(POLICY, "passed", page.url, evidence=evidence)
    return Finding(POLICY, "failed", page.url, ("content-differs",), evidence)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:MOST_SEEN])
