"""Every cell of the published table, tried where it is done: for the organisation, and for a declaration alone."""

import pytest

from tests.standing.world import Trade
from vault.requesters.standing import TABLE, WORKS, Capability, State, allows

CELLS = """
                 applied active suspended revoked surrendered expired not-yet-valid
disclose            -      x       -         -         -         -          -
consent             -      x       -         -         -         -          -
tokens              -      x       -         -         -         -          -
withdrawal          x      x       x         x         x         x          x
giving-up           -      x       x         x         x         x          x
introspection       -      x       x         -         -         x          x
deletion            -      x       x         x         x         x          x
keys                -      x       x         -         -         x          x
sign-in             x      x       x         x         x         x          x
declaring           x      x       -         -         x         x          x
listed              -      x       x         x         x         x          x
"""
"""Written down here once more: whoever changes the table must say so twice."""
_HEAD, *_LINES = CELLS.strip().splitlines()
EXPECTED = {
    (State(state), Capability(line.split()[0])): mark == "x"
    for line in _LINES
    for state, mark in zip(_HEAD.split(), line.split()[1:], strict=True)
}
OF_A_DECLARATION = frozenset(Capability) - {
    Capability.DELETION,
    Capability.KEYS,
    Capability.SIGN_IN,
    Capability.DECLARING,
    Capability.LISTED,
}
"""What depends on the one declaration; the others are the organisation's."""


def test_the_table_is_whole() -> None:
    """Every capability in every state, as expected; each with a meaning in both languages."""
    assert {(state, capability): allows(state, capability) for state in State for capability in Capability} == EXPECTED
    assert set(TABLE) == set(Capability) == set(WORKS)
    assert all(set(texts) == {"en", "zh-CN"} for texts in WORKS.values())


@pytest.mark.parametrize("state", [each for each in State if each is not State.NOT_YET_VALID])
async def test_the_cells_of_an_organisation(trade: Trade, state: State) -> None:
    """In each state everything is tried, on the worker that did not see the change; withdrawing comes last."""
    await trade.become(state)
    tried = {each: await trade.works(trade.other, each) for each in _order(frozenset(Capability))}
    assert tried == {each: EXPECTED[state, each] for each in tried}


@pytest.mark.parametrize("state", State)
async def test_the_cells_of_a_declaration(trade: Trade, state: State) -> None:
    """The same for what hangs on one declaration, while the organisation is in force."""
    if state is State.EXPIRED:
        trade.one.releases.later(seconds=1)
    await trade.become(state, single=True)
    tried = {each: await trade.works(trade.other, each) for each in _order(OF_A_DECLARATION)}
    assert tried == {each: EXPECTED[state, each] for each in tried}


def _order(capabilities: frozenset[Capability]) -> list[Capability]:
    return sorted(capabilities, key=lambda each: each is Capability.WITHDRAWAL)
