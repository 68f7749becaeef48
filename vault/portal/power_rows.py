"""Orders of regulators as their pages show them: about whom, what is taken out, by whom, and what became of it."""

from collections.abc import Mapping
from typing import Any

from vault import ids, powers
from vault.clock import from_millis
from vault.db import Session
from vault.ids import DeclarationId, StaffId
from vault.portal.languages import Language
from vault.portal.power_words import ACTS, REASONS, STATES
from vault.portal.words import form_name, frequency, item_name, purpose_name
from vault.powers import PowerView, Target
from vault.registry import staff_member
from vault.requesters.names import names
from vault.requesters.supervising import purposes_declared
from vault.signin import Holder


async def order_rows(
    session: Session, holder: Holder, spoken: Language, *, about: Target | None = None
) -> list[dict[str, Any]]:
    """The newest orders, or those about one thing, in the reader's language. Raises Refused, Tampered."""
    found = await powers.listing(session, holder, target=about)
    called = await names(session, {each.requester for each in found})
    return [await _row(session, each, holder, spoken) | {"who": spoken.pick(called[each.requester])} for each in found]


async def who_is(session: Session, who: StaffId) -> str:
    """A member of staff by name and unit."""
    member = await staff_member(session, who)
    return f"{member.name}, {member.unit}"


def cut_words(cut: Mapping[str, Any], spoken: Language) -> list[str]:
    """What is taken out, one sentence each."""
    said = [item_name(spoken, item) for item in cut.get("without", ())]
    said += [
        f"{item_name(spoken, item)}: {', '.join(form_name(spoken, item, each) for each in forms)}"
        for item, forms in cut.get("forms", {}).items()
    ]
    if cut.get("frequency"):
        most = frequency(spoken, cut["frequency"]["per"], cut["frequency"]["count"])
        said.append(spoken.gettext("at most %(often)s from now on") % {"often": most})
    if cut.get("hours"):
        hours = {"start": cut["hours"]["from"], "end": cut["hours"]["until"]}
        said.append(spoken.gettext("only from %(start)s to %(end)s") % hours)
    if cut.get("networks"):
        said.append(spoken.gettext("only from %(networks)s") % {"networks": ", ".join(cut["networks"])})
    if cut.get("until"):
        said.append(spoken.gettext("ends already on %(day)s") % {"day": spoken.day(from_millis(cut["until"]))})
    return said


async def _row(session: Session, found: PowerView, holder: Holder, spoken: Language) -> dict[str, Any]:
    return {
        "id": ids.public(ids.POWER, found.id),
        "what": spoken.gettext(ACTS[found.act]),
        "target": found.target,
        "about": await _about(session, found, spoken),
        "cut": cut_words(found.cut or {}, spoken),
        "case": None if found.inquiry is None else ids.public(ids.INQUIRY, found.inquiry),
        "why": spoken.gettext(REASONS.get(found.reason_code, found.reason_code)),
        "reason": found.reason,
        "urgent": found.is_urgent,
        "state": spoken.gettext(STATES[found.state]),
        "open": found.is_open,
        "mine": found.proposed_by == holder.id,
        "by": await who_is(session, found.proposed_by),
        "at": found.at,
        "lapses_at": found.lapses_at,
        "second": "" if found.second is None else await who_is(session, found.second),
        "second_reason": found.second_reason or "",
    }


async def _about(session: Session, found: PowerView, spoken: Language) -> str:
    """What of the organisation it is about, in words."""
    target = Target.read(found.target)
    if target.kind == "grant":
        return spoken.gettext("one person's permission")
    if target.kind == "requester":
        return spoken.gettext("the organisation, with everything it declared")
    declared = await purposes_declared(session, found.requester, declaration=DeclarationId(target.id))
    named = ", ".join(purpose_name(spoken, each) for each in sorted(declared))
    return spoken.gettext("the declaration: %(purpose)s") % {"purpose": named}
