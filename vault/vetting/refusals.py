"""What stands between an officer and a decision, each by its name. All of them are recorded."""

from vault.errors import Conflict, Refused, VaultError


class SameOfficer(Refused):
    """One officer cannot decide the same application twice: a permit needs two."""

    name, title = "same-officer", "You have decided this application already"
    advice = "Another officer with the vetting role must decide."


class SameUnit(Refused):
    """Two officers of one unit are one pair of eyes: they have one superior."""

    name, title = "same-unit", "An officer of your unit has decided already"
    advice = "An officer of another unit with the vetting role must decide."


class RefusedBefore(Refused):
    """An appeal is for those who have not said no already."""

    name, title = "refused-before", "You refused this application: others decide the appeal"
    advice = "Two officers who did not refuse it must decide the appeal."


class OwnOrganisation(Refused):
    """Nobody approves their own act: officers are never applicants."""

    name, title = "own-organisation", "You may not decide for your own organisation"
    advice = "An officer who has no part in this organisation must decide."


class CheckFailed(Conflict):
    """A blocking check found something wrong. ``checks`` names which."""

    name, title = "check-failed", "A check found something that prevents approval"
    advice = "The applicant mends it and the checks are run again, or the case is refused."

    def __init__(self, checks: list[str]) -> None:
        super().__init__(f"These checks failed: {', '.join(checks)}.", checks=checks)


class CheckOutstanding(Conflict):
    """A check was never run, had no answer, or is too old. ``checks`` names which."""

    name, title = "check-outstanding", "A check must be run before anybody approves"
    advice = "Run the checks again; where a source stays silent, wait for it."

    def __init__(self, checks: list[str]) -> None:
        super().__init__(f"These checks have no answer that holds now: {', '.join(checks)}.", checks=checks)


class QuestionOpen(Conflict):
    """The applicant has not answered yet."""

    name, title = "question-open", "A question to the applicant is still open"
    advice = "Wait for the answer, then decide."


class NotItsMembers(Conflict):
    """Somebody with nothing but a token applied for an organisation that is in the register."""

    name, title = "not-its-members", "This organisation is registered: its members must file this"
    advice = "Refuse the application. A member of the organisation can file it again at the organisation's own desk."


RECORDED: tuple[type[VaultError], ...] = (
    SameOfficer,
    SameUnit,
    RefusedBefore,
    OwnOrganisation,
    CheckFailed,
    CheckOutstanding,
    QuestionOpen,
    NotItsMembers,
)
"""Attempts that leave an entry."""
