"""A grant that is merged with a new request or gives way to it: what would be agreed to, compared with before. Pure.

``replace``: what is asked takes the place of all that was granted. ``merge``: what is asked is added; what was granted
and is not asked again stays on offer, an item asked in another form is offered in the new one, and the later of the two
ends holds. How often and how many times in all: as asked now. Either way the person may leave out what is not required,
also what they had ticked before; and either way it is one new consent, in the same grant, under keys of its own.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from vault.consent.terms import TYPE, Asked, AskedItem, ItemForm, TermItem, Terms, check
from vault.ids import GrantId
from vault.profile.catalogue import Catalogue
from vault.requesters.declarations import Declaration, Frequency

MERGE: Final = "merge"
REPLACE: Final = "replace"
How = Literal["merge", "replace"]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class InForce:
    """A consent in force, as far as a new one is compared with it. ``record_digest`` names exactly this one."""

    grant: GrantId
    items: tuple[ItemForm, ...]
    given_at: datetime
    expires_at: datetime
    max_uses: int | None
    frequency: Frequency
    record_digest: bytes

    def form(self, item: str) -> str | None:
        """The form in which the item leaves now; None when it does not."""
        return dict(self.items).get(item)


@dataclass(frozen=True)
class Change:
    """What is to happen to which consent."""

    how: How
    before: InForce


@dataclass(frozen=True)
class Compared:
    """What would be different. ``removed``: granted now and no longer on offer; ``reshaped``: item → form until now."""

    added: tuple[str, ...]
    kept: tuple[str, ...]
    reshaped: dict[str, str]
    removed: tuple[ItemForm, ...]
    is_longer: bool
    is_shorter: bool


def terms_of(change: Change, asked: Terms, declaration: Declaration, catalogue: Catalogue, now: datetime) -> Terms:
    """What is put before the person. Raises OverAsked when the declaration no longer allows what would be kept."""
    if change.how == REPLACE:
        return asked
    named = {term.item for term in asked.items}
    kept = tuple(AskedItem(*each) for each in change.before.items if each.item not in named)
    left = max(1, -((now - change.before.expires_at) // _DAY))
    days = max(asked.duration_days, left)
    if not kept:
        return replace(asked, duration_days=days)
    stays = check(Asked(type=TYPE, items=kept, duration_days=1), declaration, catalogue)
    return replace(asked, items=(*asked.items, *stays.items), duration_days=days)


def compare(before: InForce, terms: Terms, until: datetime) -> Compared:
    """The terms on offer, which would hold until then, beside the consent in force."""
    offered: dict[str, TermItem] = {term.item: term for term in terms.items}
    forms = {item: before.form(item) for item in offered}
    return Compared(
        added=tuple(item for item, form in forms.items() if form is None),
        kept=tuple(item for item, form in forms.items() if form == offered[item].form),
        reshaped={item: form for item, form in forms.items() if form is not None and form != offered[item].form},
        removed=tuple(each for each in before.items if each.item not in offered),
        is_longer=until > before.expires_at,
        is_shorter=until < before.expires_at,
    )
