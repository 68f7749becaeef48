"""What is on offer to a person, what they choose, and whether that is a consent. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vault.consent.changes import Change
from vault.consent.records import notice_digest
from vault.consent.terms import TermItem, Terms
from vault.crypto.sealing import same
from vault.errors import Invalid, Refused
from vault.ids import EntryId, GrantId
from vault.profile.catalogue import LANGUAGES
from vault.requesters.views import ClientView, DeclarationView

_NOTICE_BYTES: Final = 32


@dataclass(frozen=True)
class Offer:
    """Who asks, under which declaration, for what: all of it checked as live by the caller in this transaction.

    ``change``: the grant in force that this would be merged with or take the place of; None makes a new grant.
    """

    client: ClientView
    declaration: DeclarationView
    terms: Terms
    change: Change | None = None


@dataclass(frozen=True)
class Choice:
    """What the person decided. ``ticked``: item names, required ones included; ``sensitive_yes``: the separate yes to
    the sensitive items among them (PIPL art. 29); ``notice_digest``: SHA-256 of the page they saw, 32 bytes;
    ``notice``: what the page said, kept beside the record so that it can be read again."""

    ticked: frozenset[str]
    sensitive_yes: bool
    locale: str
    notice_digest: bytes
    notice: bytes | None = None


@dataclass(frozen=True)
class Given:
    """A grant was given. ``g`` is the person's share: it goes into the code and nowhere else. ``items`` as granted."""

    grant: GrantId
    g: bytes
    entry: EntryId
    token_epoch: int
    expires_at: datetime
    items: tuple[TermItem, ...]


class NotChosen(Refused):
    """The choice does not make a consent: ``items`` names what is missing a yes."""

    name = "not-chosen"
    title = "This is not yet a consent"
    advice = "Tick every required item, and say yes to the sensitive ones separately; or decline."


def check_choice(terms: Terms, choice: Choice) -> tuple[TermItem, ...]:
    """The chosen items, if the choice is a consent. Raises NotChosen naming items, or Invalid."""
    if choice.locale not in LANGUAGES or len(choice.notice_digest) != _NOTICE_BYTES:
        raise Invalid("The choice does not say in which language and on which page it was made.")
    if choice.notice is not None and not same(notice_digest(choice.notice), choice.notice_digest):
        raise Invalid("The page that is kept is not the one that was digested.")
    if choice.ticked - {item.item for item in terms.items}:
        raise Invalid.field("items", "names something that is not on offer")
    missing = [item.item for item in terms.items if item.required and item.item not in choice.ticked]
    if missing or not choice.ticked:
        raise NotChosen(f"Required and not ticked: {', '.join(missing) or 'nothing is ticked'}.", items=missing)
    chosen = terms.chosen(choice.ticked)
    unsaid = [item.item for item in chosen if item.is_sensitive]
    if unsaid and not choice.sensitive_yes:
        raise NotChosen(f"Sensitive items need a yes of their own: {', '.join(unsaid)}.", items=unsaid)
    return chosen
