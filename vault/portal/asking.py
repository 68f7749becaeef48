"""What every consent page shares, by redirect or out of band: the notice, the items beside what the person has, the
choice that is signed.

What is signed is the digest of the notice as it was shown, in the language in which it was shown; the person's own
values are shown to them beside it and are no part of the digest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from vault import ids
from vault.consent import Choice, Offer, compare, records
from vault.consent.terms import TermItem, Terms
from vault.db import Session
from vault.errors import Conflict, NotFound, Refused
from vault.portal.declared import contacts, handling
from vault.portal.languages import CHINA, N_, Language
from vault.portal.words import days, form_name, frequency, item_with_form, purpose_name
from vault.profile import forms, sections
from vault.profile.shapes import RELAY
from vault.requesters.views import DeclarationView
from vault.signin import Holder


@dataclass(frozen=True)
class Ticks:
    """What the person has chosen so far."""

    items: frozenset[str] = frozenset()
    sensitive_yes: bool = False


class NoticeChanged(Conflict):
    """Between page and decision the terms, the register or the catalogue changed."""

    name, title = "notice-changed", "What is asked has changed since you opened this page"
    advice = "Read it again, then decide."


class Lacking(Refused):
    """Something without which the purpose cannot be served is not there: there is nothing to allow."""

    name, title = "lacking", "Something that is needed is not in your vault"
    advice = "Fill it in first, or do not allow it. Nobody learns which of the two."


def notice_of(offer: Offer, spoken: Language, now: datetime, **more: Any) -> dict[str, Any]:
    """Everything the page says besides the person's own values, in one language: what the digest is of.

    ``more``: what only one way of asking says, for example where the browser returns to.
    """
    declared, terms = offer.declaration, offer.terms
    body, other = declared.body, "en" if spoken.tag == "zh-CN" else "zh-CN"
    until = min(now + timedelta(days=terms.duration_days), declared.valid_until)
    return {
        "language": spoken.tag,
        "who": spoken.pick(declared.requester_name),
        "who_other": declared.requester_name.get(other, ""),
        "uscc": declared.requester_uscc,
        "vetted_on": spoken.day(declared.requester_vetted_at),
        "purpose": body.purpose.text.text(spoken.tag),
        "purpose_code": body.purpose.code,
        "purpose_name": purpose_name(spoken, body.purpose.code),
        **contacts(declared.contact, spoken),
        **handling(body, spoken),
        "items": [_item(each, spoken) | _difference(each, offer, spoken) for each in terms.items],
        "until": spoken.day(until),
        "duration": days(spoken, terms.duration_days),
        "frequency": frequency(spoken, terms.frequency.per, terms.frequency.count),
        "max_uses": terms.max_uses,
        "retention": days(spoken, body.retention_days),
        "consequence": body.consequence_of_refusal.text(spoken.tag),
        "declaration": declared.digest.hex(),
        "registration": _registration(declared, spoken),
        **_changes(offer, spoken, until),
        **more,
    }


def _changes(offer: Offer, spoken: Language, until: datetime) -> dict[str, Any]:
    """What would be different from the consent in force, where there is one."""
    if offer.change is None:
        return {}
    before, terms = offer.change.before, offer.terms
    found = compare(before, terms, until)
    said = {
        "how": offer.change.how,
        "since": spoken.day(before.given_at),
        "removed": [item_with_form(spoken, each.item, each.form) for each in found.removed],
        "until": spoken.day(before.expires_at),
        "longer": found.is_longer and spoken.day(until) != spoken.day(before.expires_at),
        "shorter": found.is_shorter and spoken.day(until) != spoken.day(before.expires_at),
        "frequency": frequency(spoken, before.frequency.per, before.frequency.count),
        "same_frequency": before.frequency == terms.frequency,
        "max_uses": before.max_uses,
        "record": before.record_digest.hex(),
    }
    return {"changes": said}


def _difference(term: TermItem, offer: Offer, spoken: Language) -> dict[str, Any]:
    if offer.change is None:
        return {}
    form = offer.change.before.form(term.item)
    if form is None:
        return {"change": "new"}
    if form == term.form:
        return {"change": "same"}
    return {"change": "form", "form_before": form_name(spoken, term.item, form)}


RELAYED: Final = N_(
    "It does not learn this itself. So that messages reach you while you are not signed in, the registry's relay keeps "
    "a copy of it, readable by the running server, for this purpose alone. You can close it at any time under "
    "“Sharing”; then, and when this permission ends, the copy is erased."
)
"""What is said in so many words to whoever lets the relay hold a contact; part of the notice that is signed."""


def earlier_ticks(offer: Offer) -> Ticks:
    """What the person ticked in the consent in force, where there is one: they start from it, and say yes anew."""
    if offer.change is None:
        return Ticks()
    return Ticks(frozenset(each.item for each in offer.change.before.items))


def _registration(declared: DeclarationView, spoken: Language) -> dict[str, Any]:
    """What the registration certificate says of it besides what is asked, from the register itself."""
    owner, number = ids.public(ids.REQUESTER, declared.requester_id), ids.public(ids.DECLARATION, declared.id)
    return {
        "number": declared.number,
        "valid_until": spoken.day(declared.valid_until),
        "permit": declared.permit_digest.hex(),
        "href": f"/organisations/{owner}/declarations/{number}",
    }


def notice_digest(notice: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical notice, 32 bytes."""
    return records.notice_digest(records.notice_bytes(notice))


async def with_values(
    session: Session, holder: Holder, terms: Terms, notice: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The notice's items, each beside what the person has and what would leave; and the labels of what is needed and
    lacking."""
    documents = await _documents(session, holder, terms)
    today = session.now.astimezone(CHINA).date()
    items = []
    for term, said in zip(terms.items, notice["items"], strict=True):
        has = documents[term.field.section]
        if term.field.name in has:
            value = has[term.field.name]
            shown = forms.preview(term.field, value, term.form, today=today, locale=notice["language"])
            items.append(said | {"missing": False, "value": value, "shown": shown})
        else:
            items.append(said | {"missing": True, "value": None, "shown": None})
    return items, [each["label"] for each in items if each["missing"] and each["required"]]


async def choice_of(session: Session, holder: Holder, offer: Offer, *, notice: dict[str, Any], ticks: Ticks) -> Choice:
    """The person's choice about the notice they saw. Raises Lacking when something needed is not there."""
    documents = await _documents(session, holder, offer.terms)
    # What the person does not have is no more granted than what they leave out: from the grant and from its tokens
    # nobody can tell the one from the other (design, promise 9).
    absent = {term.item for term in offer.terms.items if term.field.name not in documents[term.field.section]}
    required = {item.item for item in offer.terms.items if item.required}
    if required & absent:
        raise Lacking
    return Choice(
        ticked=(ticks.items - absent) | required,
        sensitive_yes=ticks.sensitive_yes,
        locale=notice["language"],
        notice_digest=notice_digest(notice),
        notice=records.notice_bytes(notice),
    )


def ask_context(shown: dict[str, Any], ticks: Ticks) -> dict[str, Any]:
    """What the template shows of a request: the notice, its items with what is ticked so far."""
    items = [{"change": None} | item | {"ticked": item["name"] in ticks.items} for item in shown["items"]]
    return (
        {"changes": None}
        | shown
        | {
            "items": items,
            "has_sensitive": any(item["sensitive"] for item in items),
            "sensitive_yes": ticks.sensitive_yes,
        }
    )


def _item(term: TermItem, spoken: Language) -> dict[str, Any]:
    return {
        "name": term.item,
        "label": term.label(spoken.tag),
        "form": term.form_label(spoken.tag),
        "required": term.required,
        "sensitive": term.is_sensitive,
        "necessity": term.necessity.text(spoken.tag),
        **({"relay": spoken.gettext(RELAYED)} if term.form == RELAY else {}),
    }


async def _documents(session: Session, holder: Holder, terms: Terms) -> dict[str, dict[str, Any]]:
    """What the person has in each section that is asked about."""
    return {section: await _document(session, holder, section) for section in {t.field.section for t in terms.items}}


async def _document(session: Session, holder: Holder, section: str) -> dict[str, Any]:
    try:
        return (await sections.read(session, holder, section)).document
    except NotFound:
        return {}
