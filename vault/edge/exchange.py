"""The relay put together: who may send comes from the authorization server, what may be reached from the consent room,
how it leaves from the notifier. Both ways in, HTTP and SMTP, end here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vault import ids
from vault.authserver.admitting import by_assertion
from vault.authserver.server import AuthServer
from vault.consent.relaying import may_relay
from vault.crypto.canonical import canonical, digest
from vault.db import Database
from vault.errors import Conflict, IdempotencyMismatch, Invalid, NotFound, TooMany, Unavailable, VaultError
from vault.notifying import Carrier, Outcome, Parcel
from vault.notifying.choosing import notifier_of
from vault.relay import mail, passing
from vault.relay.addresses import NUMBER
from vault.relay.calls import Call, CallBridge, HttpCallBridge, LineNotRegistered, line_of
from vault.relay.names import CALL, MAIL, read_name
from vault.relay.passing import NoAddress, Passage, Wish
from vault.relay.submission import Submission
from vault.requesters.views import ClientView
from vault.settings import Settings

_RECORDED: Final = (NotFound, TooMany, Conflict, IdempotencyMismatch)
_AGAIN: Final = 30
"""Seconds after which a sender may try again what nobody took."""


@dataclass(frozen=True)
class Exchange:
    """``carrier`` None: this installation sends no mail; ``bridge`` None: no calls. ``vault``: the portal's address."""

    database: Database
    domain: str
    vault: str
    carrier: Carrier | None
    bridge: CallBridge | None

    async def mail(self, client: ClientView, to: str, key: str, content: mail.Content) -> UUID:
        """Pass a mail on. Returns the message's id: it was handed over, which is no promise that it was read.

        Raises NoAddress, IdempotencyMismatch, InHand, TooMany, Unavailable.
        """
        carrier = self.carrier
        if carrier is None:
            raise Unavailable("This installation sends no mail.", retry_after=_AGAIN)

        async def send(passage: Passage, target: str) -> Outcome:
            language = "zh-CN" if passage.locale.lower().startswith("zh") else "en"
            sender = mail.From(client.requester_name[language], self.domain, self.vault, language)
            at = self.database.clock.now()
            made = mail.forwarded(content, target, sender, message=passage.message, at=at)
            return await carrier.carry(Parcel(passage.person, passage.message, target, made))

        return await self._pass(client, self._wish(to, MAIL, key, content.digest()), send)

    async def call(self, client: ClientView, to: str, key: str, caller: str | None = None) -> UUID:
        """Connect ``caller`` (E.164, a registered line; None: the first one) with the person. As :meth:`mail`; also
        raises LineNotRegistered."""
        bridge = self.bridge
        if caller is not None and not NUMBER.fullmatch(caller):
            raise Invalid.field("caller", "must be a number with country code, such as +8659212345678")
        try:
            line = line_of(client.metadata.relay_lines, caller)
        except LineNotRegistered as refused:
            said = digest(canonical(["relay call", 1, caller]))
            await self.database.run(passing.record_refused, client, self._wish(to, CALL, key, said), refused.name)
            raise
        if bridge is None:
            raise Unavailable("This installation makes no calls.", retry_after=_AGAIN)

        async def connect(passage: Passage, target: str) -> Outcome:
            shown = f"sip:{read_name(to, self.domain)}@{self.domain}"
            return await bridge.connect(Call(ids.public(ids.MESSAGE, passage.message), line, target, shown))

        said = digest(canonical(["relay call", 1, line]))
        return await self._pass(client, self._wish(to, CALL, key, said), connect)

    def _wish(self, to: str, by: str, key: str, said: bytes) -> Wish:
        return Wish(read_name(to, self.domain) or "", by, key, said)

    async def _pass(self, client: ClientView, wish: Wish, send: Callable[[Passage, str], Awaitable[Outcome]]) -> UUID:
        """Record, send outside any transaction, note what became of it."""
        try:
            passage = await self.database.run(passing.begin, client, wish, may_relay)
        except _RECORDED as refused:
            await self.database.run(passing.record_refused, client, wish, _reason(refused))
            raise
        if passage.target is None:
            return passage.message
        outcome = await send(passage, passage.target)
        await self.database.run(passing.end, passage, outcome)
        if outcome is Outcome.LATER:
            raise Unavailable("Nobody took it just now: send it again under the same key.", retry_after=_AGAIN)
        return passage.message


def exchange_of(settings: Settings, database: Database) -> Exchange:
    """The relay of an installation. Raises BadConfiguration."""
    bridge = None
    if settings.call_gateway:
        bridge = HttpCallBridge.read(settings.call_gateway, settings.call_gateway_secret)
    carrier = notifier_of(settings, database)
    return Exchange(database, settings.relay, settings.issuer_url, carrier, bridge)


def submission_of(settings: Settings, database: Database) -> Submission:
    """The relay's way in over SMTP. Raises BadConfiguration."""
    exchange, server = exchange_of(settings, database), AuthServer(issuer=settings.issuer_url, database=database)

    async def sign_in(name: str, assertion: str) -> ClientView:
        return await by_assertion(server, name, assertion)

    return Submission(exchange.domain, sign_in, exchange.mail)


def _reason(refused: VaultError) -> str:
    return NoAddress.name if isinstance(refused, NotFound) else refused.name
