"""What a declaration says about recipients, places and borders, in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from babel import Locale

from vault.portal.languages import N_, Language
from vault.portal.words import item_name
from vault.requesters.declarations import ONE_TIME, CrossBorder, Declaration, Recipient, Storage

BASES: Final = {
    "security_assessment": N_("security assessment by the authorities (PIPL art. 38, 1)"),
    "certification": N_("certification (PIPL art. 38, 2)"),
    "standard_contract": N_("standard contract (PIPL art. 38, 3)"),
    "other_law": N_("another law (PIPL art. 38, 4)"),
}
COLLECTIONS: Final = {"one_time": N_("once"), "periodic": N_("repeatedly, up to the limit below")}
LEGAL_BASES: Final = {
    "consent": N_("consent of the person (PIPL art. 13, 1)"),
    "contract": N_("a contract with the person (PIPL art. 13, 2)"),
    "statutory_duty": N_("a duty by law (PIPL art. 13, 3)"),
    "emergency": N_("an emergency (PIPL art. 13, 4)"),
    "disclosed": N_("published by the person (PIPL art. 13, 6)"),
    "other_law": N_("another law (PIPL art. 13, 7)"),
}


def handling(declared: Declaration, spoken: Language) -> dict[str, Any]:
    """Members ``collection``, ``recipients``, ``storage`` and ``cross_border`` (None: nothing leaves the country)."""
    leaves = declared.cross_border
    return {
        "collection": spoken.gettext(COLLECTIONS[declared.collection]),
        "is_one_time": declared.collection == ONE_TIME,
        "recipients": [_recipient(each, spoken) for each in declared.recipients],
        "storage": _storage(declared.storage, spoken),
        "cross_border": None if leaves is None else _leaves(leaves, spoken),
    }


def contacts(contact: Mapping[str, Any], spoken: Language) -> dict[str, str]:
    """Where the person may turn (PIPL art. 17 and 50); what an older registration lacks is empty."""
    authority = contact.get("supervising_authority")
    return {
        "contact": contact.get("privacy_contact", {}).get("email", ""),
        "complaints": contact.get("complaint_contact", {}).get("email", ""),
        "deletion": contact.get("deletion_contact", {}).get("email", ""),
        "authority": f"{spoken.pick(authority['name'])}, {authority['contact']['email']}" if authority else "",
        "policy_url": contact.get("policy_url", ""),
    }


def country(code: str, spoken: Language) -> str:
    """A country's name (ISO 3166-1 alpha-2), or the code where there is none."""
    return str(Locale.parse(spoken.code, sep="_").territories.get(code, code))


def _name(name: msgspec.Struct, spoken: Language) -> str:
    return spoken.pick(msgspec.to_builtins(name))


def _recipient(recipient: Recipient, spoken: Language) -> dict[str, Any]:
    return {
        "name": _name(recipient.name, spoken),
        "contact": recipient.contact,
        "why": recipient.why.text(spoken.tag),
        "items": [item_name(spoken, item) for item in recipient.items],
    }


def _storage(storage: Storage, spoken: Language) -> str:
    return f"{country(storage.country, spoken)} · {_name(storage.place, spoken)}"


def _leaves(leaves: CrossBorder, spoken: Language) -> dict[str, Any]:
    return {
        "country": country(leaves.country, spoken),
        "recipient": _name(leaves.recipient, spoken),
        "contact": leaves.contact,
        "basis": spoken.gettext(BASES[leaves.basis]),
        "why": leaves.why.text(spoken.tag),
    }
