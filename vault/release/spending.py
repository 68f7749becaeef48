"""The part of the recording statement that takes one use of a standing approval.

The ceiling, the end, the officer's row as it was checked, and the number of uses are all conditions of it: of any
number at once no more than are left find it so. The share of the state before gives way to that of the state after.
"""

from typing import Any

from vault.release.standing import Spending


def spent(first: int) -> str:
    """A common table expression ``spent``, after ``used``; its six parameters begin with number ``first``."""
    approval, version, uses, shares, officer, revision = (f"${first + number}" for number in range(6))
    return f"""
, spent AS (
    UPDATE standing_approvals a SET
        uses = a.uses + 1,
        share = ({shares}::bytea[])[(a.uses - {uses})::int + 1]
    FROM used
    WHERE a.person_id = $1 AND a.grant_id = $2 AND a.id = {approval} AND a.version = {version}
      AND a.ended_at IS NULL AND a.expires_at > $5 AND a.share IS NOT NULL AND a.uses < a.ceiling
      AND a.uses >= {uses} AND a.uses < {uses} + cardinality({shares}::bytea[])
      AND EXISTS (SELECT FROM staff o WHERE o.id = {officer} AND o.xmin = {revision})
    RETURNING a.person_id
)"""  # noqa: S608 - numbers of parameters


def arguments_of(spending: Spending) -> list[Any]:
    """The six parameters."""
    return [
        spending.id,
        spending.version,
        spending.uses,
        spending.shares,
        spending.officer,
        spending.officer_revision,
    ]
