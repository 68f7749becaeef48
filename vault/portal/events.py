"""What each event of the ledger is called: to the person it is about, and to everybody else."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue import CATALOGUE
from vault.portal.languages import N_, Language

TO_THE_PERSON: Final[Mapping[str, str]] = {
    "access.refused": N_("A member of staff tried to do something about you that their role does not allow"),
    "sign_in.begun": N_("You signed in"),
    "sign_in.ended": N_("You signed out"),
    "password.changed": N_("You changed your password"),
    "person.registered": N_("Your vault was opened"),
    "test_person.made": N_("You were made up, for an organisation to try its software with"),
    "test_person.ended": N_("This test person was given up for another one"),
    "person.registration_refused": N_("Somebody tried to open another vault with your number"),
    "person.claim_yielded": N_("Your number was proved to belong to somebody else"),
    "person.proofed": N_("A source confirmed some of your information"),
    "person.proofing_failed": N_("A source did not confirm some of your information"),
    "credential.added": N_("You added a way to sign in"),
    "credential.removed": N_("You removed a way to sign in"),
    "notice_address.given": N_("You gave an address for notices"),
    "notice_address.confirmed": N_("Your address for notices was confirmed"),
    "notice_address.removed": N_("You removed your address for notices"),
    "section.written": N_("You changed your information"),
    "section.erased": N_("You erased information"),
    "consent.requested": N_("An organisation asked for your consent"),
    "consent.refused": N_("An organisation asked for too much and was refused"),
    "hint.made": N_("You made a code for an organisation"),
    "consent.put": N_("An organisation asked for your consent"),
    "consent.withheld": N_("An organisation's request was kept from you"),
    "consent.reported": N_("You reported a request that you did not ask for"),
    "grant.given": N_("You allowed sharing"),
    "grant.declined": N_("You said no"),
    "grant.changed": N_("A permission was changed"),
    "grant.suspended": N_("A supervisory authority stopped a permission of yours for now"),
    "grant.restored": N_("A permission that was stopped for now holds again"),
    "grant.withdrawn": N_("You stopped sharing"),
    "token.refused": N_("An organisation was refused access"),
    "token.revoked": N_("An organisation gave up a token; what you allowed stays as it is"),
    "release.requested": N_("An organisation asked for sensitive information; an officer must decide"),
    "release.approved": N_("An officer approved one release"),
    "release.denied": N_("An officer turned one release down"),
    "release.approval_refused": N_("An officer tried to decide a release and was refused"),
    "release.delivered": N_("An organisation received your information"),
    "release.refused": N_("An organisation was refused your information"),
    "query.made": N_("A regulator's question touched an entry about you"),
    "access.hidden": N_("An access to your records that the law still hides"),
}
TO_OTHERS: Final[Mapping[str, str]] = {
    "registry.founded": N_("The registry was founded"),
    "officer.added": N_("An officer was added"),
    "officer.changed": N_("An officer's roles changed"),
    "officer.left": N_("An officer left"),
    "regulator.added": N_("A regulator was added"),
    "regulator.left": N_("A regulator left"),
    "access.refused": N_("Somebody was refused by role"),
    "mandate.proposed": N_("An officer proposed a mandate for a regulator"),
    "mandate.granted": N_("A regulator got a mandate"),
    "mandate.declined": N_("A second officer did not agree to a mandate"),
    "mandate.ended": N_("Another mandate took the place of a regulator's"),
    "mandate.attempt_refused": N_("An officer may not decide this mandate"),
    "key.rotated": N_("A key has a new version"),
    "key.handed_on": N_("A role's key was handed on"),
    "sign_in.begun": N_("Somebody signed in"),
    "sign_in.ended": N_("Somebody signed out"),
    "password.changed": N_("Somebody changed their password"),
    "person.registered": N_("A vault was opened"),
    "test_person.made": N_("A test person was made"),
    "test_person.ended": N_("A test person was given up"),
    "sandbox.made": N_("A client got its sandbox"),
    "person.registration_refused": N_("A second registration was refused"),
    "person.claim_yielded": N_("A claim to a number gave way to better proof"),
    "person.proofed": N_("A source confirmed a person"),
    "person.proofing_failed": N_("A source did not confirm a person"),
    "credential.added": N_("A way to sign in was added"),
    "credential.removed": N_("A way to sign in was removed"),
    "notice_address.given": N_("An address for notices was given"),
    "notice_address.confirmed": N_("An address for notices was confirmed"),
    "notice_address.removed": N_("An address for notices was removed"),
    "section.written": N_("A section was written"),
    "section.erased": N_("A section was erased"),
    "application.received": N_("An application came in"),
    "application.approved": N_("A first officer approved an application"),
    "application.approval_refused": N_("An officer may not approve this application"),
    "application.rejected": N_("An application was turned down"),
    "application.appealed": N_("An applicant appealed against a refusal"),
    "case.opened": N_("A vetting case was opened"),
    "case.checked": N_("The checks of a case were run"),
    "case.asked": N_("An officer asked an applicant something"),
    "case.answered": N_("An applicant answered an officer"),
    "case.approved": N_("An officer approved a vetting case"),
    "case.rejected": N_("An officer turned a vetting case down"),
    "case.approval_refused": N_("An officer may not decide this case, or not yet"),
    "requester.vetting_renewed": N_("The vetting of an organisation was renewed"),
    "requester.activated": N_("An organisation was registered"),
    "requester.suspended": N_("An organisation was suspended"),
    "requester.restored": N_("An organisation was restored"),
    "requester.revoked": N_("An organisation was put out of the register for good"),
    "requester.surrendered": N_("An organisation gave its registration back"),
    "measure.proposed": N_("An officer proposed a measure; a second one must agree"),
    "measure.declined": N_("A second officer did not agree to a measure"),
    "measure.attempt_refused": N_("An officer may not decide this measure"),
    "requester.keys_changed": N_("An organisation's keys changed"),
    "member.joined": N_("Somebody became a member of an organisation"),
    "member.invited": N_("An organisation invited somebody"),
    "member.uninvited": N_("An invitation was taken back"),
    "member.changed": N_("A member's roles changed"),
    "member.suspended": N_("A member was suspended"),
    "member.restored": N_("A member may act again"),
    "member.left": N_("A member left or was removed"),
    "declaration.filed": N_("A member filed a new declaration"),
    "change.proposed": N_("A change was proposed; a second member must confirm it"),
    "change.refused": N_("A proposed change was refused"),
    "change.confirmation_refused": N_("A member tried to confirm what they may not"),
    "requester.redirects_changed": N_("A client's return addresses changed"),
    "requester.metadata_changed": N_("A client's settings changed"),
    "requester.two_members_changed": N_("An organisation chose how many members its changes take"),
    "declaration.permitted": N_("A declaration was permitted by two officers"),
    "declaration.refused": N_("A declaration was turned down"),
    "declaration.suspended": N_("A declaration was suspended"),
    "declaration.restored": N_("A declaration was restored"),
    "declaration.stopped": N_("A declaration was shortened or stopped"),
    "consent.requested": N_("Consent was asked for"),
    "consent.refused": N_("A request for consent went too far"),
    "hint.made": N_("A person made a code for an organisation"),
    "consent.put": N_("A request was put before a person"),
    "consent.withheld": N_("A request was kept from a person"),
    "consent.reported": N_("A person reported a request"),
    "grant.given": N_("A person allowed sharing"),
    "grant.declined": N_("A person said no"),
    "grant.changed": N_("A grant was changed"),
    "grant.suspended": N_("Regulators stopped a grant for now"),
    "grant.restored": N_("A suspended grant goes on"),
    "grant.withdrawn": N_("A grant was ended"),
    "token.refused": N_("A token was refused"),
    "token.revoked": N_("A token was revoked by its organisation"),
    "resource_server.added": N_("A server may ask how tokens stand"),
    "resource_server.ended": N_("A server may no longer ask how tokens stand"),
    "release.requested": N_("A release waits for an officer"),
    "release.approved": N_("An officer approved a release"),
    "release.denied": N_("An officer turned a release down"),
    "release.approval_refused": N_("An officer may not decide this release"),
    "release.delivered": N_("Data was released"),
    "release.refused": N_("A release was refused"),
    "query.made": N_("A regulator asked the ledger"),
    "access.hidden": N_("An access that is hidden from a person for a while"),
    "refusals.counted": N_("Refusals of strangers, counted"),
    "draft.refused": N_("Something that is no entry was set aside"),
}


_BY_REQUESTER: Final[Mapping[str, str]] = {
    "grant.withdrawn": N_("An organisation gave a permission back"),
}
"""Where it makes a difference to the person that it was not they who acted."""


def to_the_person(language: Language, event: str, *, by: str = "person") -> str:
    """What happened, said to the person it happened to; ``by``: the kind of the actor."""
    if by == "requester" and event in _BY_REQUESTER:
        return language.gettext(_BY_REQUESTER[event])
    known = TO_THE_PERSON.get(event)
    return language.gettext(known) if known else to_others(language, event)


def to_others(language: Language, event: str) -> str:
    """What happened, said to anybody else."""
    known = TO_OTHERS.get(event)
    if known:
        return language.gettext(known)
    kind = CATALOGUE.get(event)
    return kind.meaning if kind else event
