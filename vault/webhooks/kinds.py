"""What events there are, and the states they pass through."""

from typing import Final

WAITING, SENT, KEPT, DEAD = "waiting", "sent", "kept", "dead"
STATES: Final = (WAITING, SENT, KEPT, DEAD)
SECTION_CHANGED: Final = "section.changed"
GRANT_CHANGED: Final = "grant.changed"
GRANT_WITHDRAWN: Final = "grant.withdrawn"
APPROVAL_DECIDED: Final = "approval.decided"
DELETION_ORDERED: Final = "deletion.ordered"
TEST: Final = "test"
TYPES: Final = (SECTION_CHANGED, GRANT_CHANGED, GRANT_WITHDRAWN, APPROVAL_DECIDED, DELETION_ORDERED, TEST)
