"""Words for codes: names and values of the catalogue, events, reasons, notices, in the reader's language."""

from collections.abc import Mapping
from typing import Final

from vault.portal.deletion_words import WHY
from vault.portal.languages import N_, Language
from vault.portal.power_words import CODES
from vault.profile import forms
from vault.profile.catalogue import catalogue
from vault.release.denials import MEANINGS
from vault.requesters.purposes import purposes
from vault.watching.rules import RULES

NAMES: Final[Mapping[str, str]] = {
    # members of the catalogue's objects
    "scheme": N_("Kind of number"),
    "number": N_("Number"),
    "cn-ric": N_("Resident identity card"),
    "formatted": N_("Full address as written on mail"),
    "street_address": N_("Street and number"),
    "locality": N_("City or district"),
    "region": N_("Province"),
    "postal_code": N_("Postal code"),
    "country": N_("Country"),
    "name": N_("Name"),
    "relationship": N_("Relationship"),
    "phone_number": N_("Phone number"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "bank": N_("Bank"),
    "kind": N_("Kind"),
    "score": N_("Score"),
    "bureau": N_("Bureau"),
    "as_of": N_("As of"),
    "substance": N_("Substance"),
    "severity": N_("Severity"),
    "since": N_("Since"),
    "code": N_("Code"),
    "state": N_("State"),
    "dose": N_("Dose"),
    "insurer": N_("Insurer"),
    "from": N_("From"),
    "to": N_("To (below)"),
    "zoneinfo": N_("Time zone"),
    # values to choose from
    "female": N_("Female"),
    "male": N_("Male"),
    "other": N_("Other"),
    "single": N_("Single"),
    "married": N_("Married"),
    "divorced": N_("Divorced"),
    "widowed": N_("Widowed"),
    "permanent": N_("Permanent"),
    "fixed_term": N_("Fixed term"),
    "temporary": N_("Temporary"),
    "self_employed": N_("Self-employed"),
    "retired": N_("Retired"),
    "none": N_("None"),
    "debit": N_("Debit card"),
    "credit": N_("Credit card"),
    "savings": N_("Savings"),
    "securities": N_("Securities"),
    "payment": N_("Payment account"),
    "owner": N_("Owner"),
    "mortgage": N_("Owner with mortgage"),
    "tenant": N_("Tenant"),
    "family": N_("With family"),
    "dormitory": N_("Dormitory"),
    "mild": N_("Mild"),
    "moderate": N_("Moderate"),
    "severe": N_("Severe"),
    "active": N_("Active"),
    "controlled": N_("Controlled"),
    "resolved": N_("Resolved"),
    "phone": N_("Phone"),
    "sms": N_("Text message"),
    "email": N_("E-mail"),
    "post": N_("Post"),
    "consent": N_("Consent of the person"),
}

HINTS: Final[Mapping[str, str]] = {
    "ISO 4217": N_("Three letters, for example CNY"),
    "ISO 3166-1 alpha-2": N_("Two letters, for example CN"),
    "ITU-T E.164": N_("With country code, for example +86138…"),
    "BCP 47": N_("For example zh-CN"),
    "ICD-10 or ICD-11": N_("Code of the condition (ICD), if you know it"),
    "GB 11643": N_("18 characters; the last one may be X."),
}
"""What the catalogue says of a text's form, in plain words."""

OUTCOMES: Final[Mapping[str, str]] = {
    "over_asked": N_("asked for more than was allowed"),
    "over-asked": N_("asked for more than was allowed"),
    "withdrawn": N_("sharing had been stopped"),
    "expired": N_("the permission had ended"),
    "stale_token": N_("the permission had changed"),
    "account_closed": N_("the vault was closed"),
    "client_stopped": N_("the organisation's access was stopped"),
    "requester_stopped": N_("the organisation was stopped"),
    "declaration_ended": N_("its declaration had ended"),
    "permit_ended": N_("its permit had ended"),
    "uses_spent": N_("all uses were spent"),
    "too_often": N_("asked too often"),
    "quota_spent": N_("its quota was used up"),
    "outside_hours": N_("outside the agreed hours"),
    "outside_networks": N_("from an address that was not agreed"),
    "denied": N_("an officer said no"),
    "officer_denied": N_("an officer said no"),
    "approval_lapsed": N_("the officer's approval had lapsed"),
    "wait_lapsed": N_("nobody decided within a day"),
    "known_device": N_("from a known device"),
    "new_device": N_("from a new device"),
    "number_known": N_("the number has a vault already"),
    "better_proof": N_("somebody proved it better"),
    "checked": N_("confirmed"),
    "mail": N_("a message"),
    "call": N_("a call"),
    "person": N_("by the person"),
    "grant": N_("with its permission"),
    "value": N_("nothing stands behind it any more"),
    "no-address": N_("no such address for this organisation"),
    "too-many-requests": N_("too often"),
    "idempotency-mismatch": N_("another message under the same key"),
    "line-not-registered": N_("from a line that is not the organisation's"),
    "in-hand": N_("while it was being sent"),
    "sandbox": N_("in the sandbox"),
    "test": N_("a test person"),
    "other_side": N_("a sandbox and real people do not meet"),
}

_RULES: Final = {each.name: each.title for each in RULES}


def outcome(language: Language, code: str) -> str:
    """How something went, or why it did not; the code itself where there is no word."""
    if code in MEANINGS:
        return language.pick(MEANINGS[code])
    if code in _RULES:
        return _RULES[code][language.tag]
    known = OUTCOMES.get(code) or WHY.get(code) or CODES.get(code)
    return language.gettext(known) if known else code


def hint(language: Language, description: str) -> str:
    """A form's description as people understand it; nothing where only a standard is named."""
    known = HINTS.get(description)
    return language.gettext(known) if known else ""


def word(language: Language, code: str) -> str:
    """The word for a member's name or a choice; the code itself, made readable, where there is none."""
    known = NAMES.get(code)
    return language.gettext(known) if known else code.replace("_", " ")


def said_of(language: Language, value: str) -> str:
    """A value that is a choice, in words; what a person wrote themselves, to the letter."""
    known = NAMES.get(value)
    return language.gettext(known) if known else value


def purpose_name(language: Language, code: str) -> str:
    """What a purpose of the published list is called; the code itself where the list lacks it."""
    listed = purposes().find(code)
    return language.pick(listed.name) if listed else code


def item_name(language: Language, item: str) -> str:
    """What an item of the catalogue is called."""
    field = catalogue().find(item)
    return language.pick(field.label) if field else item


def form_name(language: Language, item: str, form: str) -> str:
    """What a form of an item is called."""
    field = catalogue().find(item)
    return forms.label(field, form, language.tag) if field and form in field.forms else form


def item_with_form(language: Language, item: str, form: str | None) -> str:
    """An item and the form in which it leaves, in a few words."""
    name = item_name(language, item)
    return f"{name} · {form_name(language, item, form)}" if form else name


def days(language: Language, count: int) -> str:
    """A number of days in words."""
    return language.ngettext("%(num)s day", "%(num)s days", count) % {"num": count}


def frequency(language: Language, per: str, count: int) -> str:
    """How often at most: ``per`` is hour or day."""
    if per == "hour":
        return language.ngettext("%(num)s time an hour", "%(num)s times an hour", count) % {"num": count}
    return language.ngettext("%(num)s time a day", "%(num)s times a day", count) % {"num": count}
