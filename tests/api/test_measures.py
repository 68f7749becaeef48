"""Measures at the officers' desk, whoever took them."""

from datetime import UTC, datetime

import pytest

from vault import ids
from vault.api.requester_desk import measure_view
from vault.portal.organisations import BY
from vault.requesters.at_desk import MeasureView

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("by", "prefix"), [("officer", "ofc_"), ("regulator", "reg_"), ("requester", "req_"), ("member", "mbr_")]
)
def test_whoever_took_it_is_named(by: str, prefix: str) -> None:
    """By an id of their own kind, also the second one; the pages know a word for each."""
    who, second = ids.new_uuid(), ids.new_uuid()
    taken = MeasureView(
        id=ids.new_uuid(),
        act="surrender",
        state="done",
        is_open=False,
        declaration=None,
        until=None,
        reason="no longer needed",
        by=by,
        by_id=who,
        at=NOW,
        lapses_at=None,
        second=second,
        second_reason=None,
        decided_at=NOW,
    )
    shown = measure_view(taken)
    assert (shown.by_id, shown.second) == (prefix + who.hex, prefix + second.hex)
    assert BY[by]


def test_the_registry_itself_needs_no_id() -> None:
    """What a source or the watcher led to names nobody."""
    assert BY["registry"]
