"""Requesters: vetting, declarations, standing."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import TERMS, Kind, kind

REQUESTERS: Final[Mapping[str, Kind]] = {
    "application.received": kind(
        "An organisation asks to be registered.",
        by="requester registry",
        must="ref",
        may="requester declaration digest count",
    ),
    "application.draft_begun": kind(
        "Somebody began an application; what they write is not recorded before they hand it in.",
        by="registry requester",
        must="ref",
        may="requester",
    ),
    "application.draft_dropped": kind(
        "A draft of an application ended without being handed in; reason says how.",
        by="registry requester",
        must="ref reason",
        may="requester",
    ),
    "application.withdrawn": kind(
        "An applicant took back what was not decided yet.", by="registry requester", must="ref", may="requester"
    ),
    "bounds.proposed": kind(
        "An officer proposed another version of the bounds; count is its number.", by="officer", must="count digest"
    ),
    "bounds.adopted": kind(
        "Bounds hold from now on for what is declared; second is who proposed them.",
        by="officer",
        must="count digest second",
    ),
    "bounds.refused": kind("A version of the bounds was turned down.", by="officer", must="count digest second"),
    "bounds.attempt_refused": kind("An officer may not decide about these bounds.", by="officer", must="count reason"),
    "quota.proposed": kind(
        "An officer proposed a quota above the default; count is of a day.", by="officer", must="requester count digest"
    ),
    "quota.set": kind(
        "A requester's quota of a day is count from now on; second is who proposed it.",
        by="officer",
        must="requester count digest",
        may="second",
    ),
    "quota.declined": kind(
        "A proposed quota was turned down.", by="officer", must="requester count digest", may="second"
    ),
    "quota.attempt_refused": kind("An officer may not decide about this quota.", by="officer", must="requester reason"),
    "requester.throttled": kind(
        "A requester is slowed down for a time, to count releases a minute.",
        by="officer registry",
        must="requester count digest",
    ),
    "application.approved": kind(
        "One officer approved; a second one must.",
        by="officer",
        must="ref",
        may="requester declaration declaration_version approval",
    ),
    "application.approval_refused": kind(
        "An officer may not give this approval.", by="officer", must="ref reason", may="requester declaration"
    ),
    "application.rejected": kind("An application was turned down.", by="officer", must="ref reason", may="requester"),
    "application.appealed": kind(
        "An applicant appeals against a refusal; digest is of what they say.", by="registry", must="ref digest"
    ),
    "case.opened": kind(
        "An organisation is vetted; outcome is the kind of case, reason what re-opened it.",
        by="registry officer",
        must="ref outcome",
        may="requester reason",
    ),
    "case.checked": kind(
        "The checks of a case were run; outcome is what they say together, digest is of the findings.",
        by="registry officer",
        must="ref outcome digest",
        may="requester count",
    ),
    "case.asked": kind(
        "An officer asked an applicant; digest is of the question.", by="officer", must="ref digest", may="requester"
    ),
    "case.answered": kind(
        "An applicant answered an officer; digest is of question and answer.",
        by="registry",
        must="ref digest",
        may="requester",
    ),
    "case.approved": kind(
        "An officer approved a renewal, an appeal or a re-opened case; second is there once two did.",
        by="officer",
        must="ref outcome",
        may="requester second",
    ),
    "case.rejected": kind(
        "An officer turned a renewal, an appeal or a re-opened case down; second is there where it took two.",
        by="officer",
        must="ref outcome reason",
        may="requester second",
    ),
    "case.approval_refused": kind(
        "An officer may not decide this case, or not yet.", by="officer", must="ref reason", may="requester outcome"
    ),
    "requester.vetting_renewed": kind(
        "The vetting of a requester holds for another term.", by="officer", must="requester ref second"
    ),
    "requester.activated": kind(
        "A requester may work.", by="officer", must="requester", may="ref second approval digest"
    ),
    "requester.watched": kind(
        "The watcher found behaviour that crossed a line; count is the score, reason the heaviest rule.",
        by="registry",
        must="requester outcome reason count",
    ),
    "requester.watch_closed": kind(
        "An officer looked into what the watcher found.", by="officer", must="requester outcome count"
    ),
    "requester.suspended": kind(
        "A requester is stopped.", by="officer regulator registry", must="requester reason", may="ref second digest"
    ),
    "requester.restored": kind(
        "A requester may work again; by the registry: nobody confirmed its suspension in time.",
        by="officer regulator registry",
        must="requester reason",
        may="ref second digest",
    ),
    "requester.revoked": kind(
        "A requester is out for good, with everything it had declared.",
        by="officer regulator",
        must="requester reason",
        may="ref second digest",
    ),
    "requester.surrendered": kind(
        "An organisation gave its registration back.",
        by="requester registry member",
        must="requester reason",
        may="ref second digest",
    ),
    "measure.proposed": kind(
        "One officer wants a requester or a declaration restored, revoked or shortened; a second one must agree.",
        by="officer",
        must="requester outcome ref",
        may="declaration digest",
    ),
    "measure.declined": kind(
        "A second officer did not agree to what a first one wanted or did.",
        by="officer",
        must="requester outcome ref",
        may="declaration second digest",
    ),
    "measure.attempt_refused": kind(
        "An officer tried what takes two, or somebody else.",
        by="officer",
        must="requester reason",
        may="declaration outcome ref",
    ),
    "requester.keys_changed": kind(
        "A requester's public keys changed; ref names the client.",
        by="requester officer member",
        must="requester",
        may="ref second digest declaration",
    ),
    "statement.issued": kind(
        "A software statement lets one client of a declaration register itself; digest is of the statement.",
        by="member officer",
        must="requester declaration digest",
        may="ref second",
    ),
    "client.registered": kind(
        "A client registered itself with a software statement; digest is of its keys.",
        by="requester",
        must="requester declaration ref digest",
    ),
    "client.changed": kind(
        "A client changed its registration; digest is of its keys.",
        by="requester",
        must="requester declaration ref digest",
    ),
    "client.surrendered": kind(
        "A client gave its registration back.", by="requester", must="requester declaration ref"
    ),
    "declaration.permitted": kind(
        "Two officers signed the permit of a declaration.",
        by="officer",
        must=f"{TERMS} permit",
        may="second ref",
    ),
    "declaration.refused": kind(
        "A declaration was turned down.",
        by="officer",
        must="requester declaration reason",
        may="declaration_version purpose items ref",
    ),
    "declaration.suspended": kind(
        "A declaration is stopped for now.",
        by="officer regulator registry",
        must="requester declaration reason",
        may="ref second digest",
    ),
    "declaration.restored": kind(
        "A declaration is in force again; by the registry: nobody confirmed its suspension in time.",
        by="officer regulator registry",
        must="requester declaration reason",
        may="ref second digest",
    ),
    "declaration.narrowed": kind(
        "Items, forms or frequency were cut from a declaration; digest is of the order.",
        by="officer regulator",
        must="requester declaration reason",
        may="ref second digest",
    ),
    "declaration.stopped": kind(
        "A declaration's validity was shortened or ended; outcome says which.",
        by="officer regulator registry requester member",
        must="requester declaration reason",
        may="declaration_version outcome second ref digest",
    ),
}
