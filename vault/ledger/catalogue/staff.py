"""The registry and its people."""

from collections.abc import Mapping
from typing import Final

from vault.ledger.catalogue.kinds import About, Kind, kind

STAFF: Final[Mapping[str, Kind]] = {
    "registry.founded": kind("The founding ceremony took place.", by="registry", may="count digest"),
    "officer.added": kind("An officer was made.", by="registry officer", must="ref roles", may="second"),
    "officer.changed": kind("An officer's roles changed.", by="officer", must="ref roles", may="second reason"),
    "officer.left": kind("An officer lost all roles.", by="officer registry", must="ref", may="second reason"),
    "regulator.added": kind("A regulator was admitted.", by="registry officer", must="ref", may="second roles"),
    "regulator.left": kind("A regulator lost access.", by="officer registry", must="ref", may="second reason"),
    "mandate.proposed": kind(
        "An officer wants a regulator to have a mandate; ref names it, digest is of what it says.",
        by="officer",
        must="ref digest until",
    ),
    "mandate.granted": kind(
        "A regulator may ask and act as the mandate says, until its end; by the registry: at the founding.",
        by="officer registry",
        must="ref digest until",
        may="second",
    ),
    "mandate.declined": kind(
        "A second officer did not agree to a mandate.", by="officer", must="ref digest until second"
    ),
    "mandate.ended": kind(
        "A mandate ended before its time: another took its place.", by="officer", must="ref digest until second"
    ),
    "mandate.attempt_refused": kind("An officer may not decide about this mandate.", by="officer", must="ref reason"),
    "resource_server.added": kind(
        "A server may ask how tokens for it stand; two officers let it in.", by="officer", must="ref second"
    ),
    "resource_server.ended": kind(
        "A server may no longer ask how tokens stand.", by="officer", must="ref", may="second reason"
    ),
    "access.refused": kind(
        "A member of staff, or of an organisation, tried what their roles do not allow.",
        by="officer regulator member",
        about=About.PERHAPS,
        must="reason",
        may="ref requester",
    ),
    "key.handed_on": kind(
        "A holder of a role's key gave it to a colleague of the same role; ref names the colleague.",
        by="officer regulator",
        must="key ref",
    ),
    "sign_in.begun": kind(
        "Somebody signed in; outcome says whether from a known device.",
        by="person officer regulator member",
        about=About.PERHAPS,
        may="outcome requester",
    ),
    "sign_in.ended": kind(
        "Somebody signed out.",
        by="person officer regulator member",
        about=About.PERHAPS,
        may="outcome reason requester",
    ),
    "password.changed": kind(
        "Somebody changed their own password; count is how many other sign-ins of theirs ended with it.",
        by="person officer regulator member",
        about=About.PERHAPS,
        must="count",
        may="requester",
    ),
    "key.rotated": kind("A key has a new version.", by="registry officer", must="key", may="count reason second"),
}
