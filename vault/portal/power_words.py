"""Codes of supervision in words: measures and why, cases, access by law, mandates, roles of staff."""

from typing import Final

from vault.portal.languages import N_

ACTS: Final = {
    "suspend": N_("Suspend"),
    "lift": N_("Lift a suspension"),
    "narrow": N_("Take items out"),
    "order_deletion": N_("Order deletion"),
}
REASONS: Final = {
    "beyond-purpose": N_("Used for more than the declared purpose"),
    "excessive-use": N_("More than the purpose needs, or more often"),
    "unlawful-basis": N_("The legal basis does not hold"),
    "security-incident": N_("Data is not safe with the organisation"),
    "complaint": N_("A grounded complaint"),
    "danger-to-persons": N_("Life, health or property in danger"),
    "court-decision": N_("A court decided it"),
    "mended": N_("It was mended"),
    "unfounded": N_("It proved to be nothing"),
}
STATES: Final = {
    "proposed": N_("Waits for a second regulator"),
    "done": N_("Done"),
    "refused": N_("Declined"),
    "lapsed": N_("Nobody decided in time"),
}
POWERS: Final = {
    "questions": N_("Question the ledger"),
    "figures": N_("See figures in full"),
    "reach": N_("Work out whom an organisation reached"),
    "exports": N_("Export answers"),
    "references": N_("Ask about one person by a reference"),
    "measures": N_("Order measures"),
    "deletion": N_("Order deletion"),
    "cases": N_("Open cases"),
    "lawful-access": N_("Access by law"),
}
BASES: Final = {
    "criminal-evidence": N_("Criminal Procedure Law arts. 54 and 136"),
    "civil-evidence": N_("Civil Procedure Law art. 70"),
    "state-security": N_("Counter-Espionage Law art. 24, by order of a court"),
    "missing-person": N_("A missing person whose life or health is in danger (PIPL art. 13)"),
    "life-in-danger": N_("Life or health in danger (PIPL art. 13)"),
    "public-health": N_("A public health emergency (PIPL art. 13)"),
}
GROUNDS: Final = {
    "court-order": N_("Order of a court"),
    "criminal-investigation": N_("Criminal investigation"),
    "supervision": N_("Inspection of an organisation"),
    "emergency": N_("Emergency"),
}
DECISIONS: Final = {
    "no-breach": N_("Nothing was broken"),
    "mended": N_("It was mended; nothing further is ordered"),
    "warned": N_("It was told to correct it, and warned (PIPL art. 66)"),
    "measures-ordered": N_("Measures were ordered; they name this case"),
    "handed-over": N_("Handed over to another authority (PIPL art. 64)"),
}
CASE_STATES: Final = {
    "open": N_("Open"),
    "closing": N_("A decision waits for a second regulator"),
    "closed": N_("Closed"),
}
KINDS: Final = {"entry": N_("Entry"), "note": N_("Note"), "document": N_("Document")}
ROLES: Final = {
    "vetting": N_("Vetting"),
    "release": N_("Releases"),
    "recovery-registry": N_("Access by law, for the registry"),
    "oversight": N_("Oversight"),
    "recovery-supervisor": N_("Access by law, for the supervisory authority"),
}
_REFUSALS: Final = {
    "same-regulator": N_("the same regulator tried to decide it"),
    "same-unit": N_("a regulator of the same unit tried to decide it"),
    "repeated": N_("a stop that lapsed was tried again alone"),
    "same-person": N_("the same person tried to sign twice"),
    "same-organisation": N_("both were of the same organisation"),
    "same-side": N_("the other authority must sign"),
    "not-a-signer": N_("somebody who did not sign it tried"),
    "not-in-force": N_("the order was not in force"),
    "used-up": N_("every opening had been made"),
    "no-vault": N_("nobody has such a vault"),
    "declined": N_("declined"),
    "other_sector": N_("outside the sectors of the mandate"),
    "other_region": N_("outside the regions of the mandate"),
    "no_mandate": N_("no mandate in force"),
    "no_power": N_("a power that the mandate does not have"),
    "csv": N_("CSV, for spreadsheets"),
    "parquet": N_("Parquet, for analysis"),
    "bundle": N_("Bundle with receipts, to verify offline"),
    "court": N_("Order of a court"),
    "noted": N_("To be looked at"),
    "throttled": N_("Slowed down"),
    "stopped": N_("Suspended"),
}
CODES: Final = {**_REFUSALS, **ROLES, **KINDS, **DECISIONS, **GROUNDS, **BASES, **POWERS, **REASONS, **ACTS}
"""Every code of this file that entries have as their outcome or reason."""
