"""Small counts stay with whoever has a mandate: what everybody sees does not give them away."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vault.oversight.suppressing import FEWER, alone, shared

COUNTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 14), st.integers(0, 5_000)), max_size=8)


@given(COUNTS)
def test_small_counts_are_not_shown(counts: list[int]) -> None:
    """None below ten but nothing at all; what is shown is true."""
    seen = shared(counts)
    for count, shown in zip(counts, seen.counts, strict=True):
        assert shown is None or shown == count
        assert shown is None or shown == 0 or shown >= FEWER
    assert seen.total <= sum(counts)
    assert seen.is_whole == (seen.total == sum(counts))


def test_what_is_kept_back_follows_from_nothing() -> None:
    """Whoever knows the rule and all that is shown cannot tell any count kept back from the eight others it may be."""
    by_shown: dict[object, list[tuple[int, ...]]] = {}
    for counts in itertools.product(range(FEWER + 2), repeat=3):
        by_shown.setdefault(shared(counts), []).append(counts)
    for seen, answers in by_shown.items():
        for at, shown in enumerate(seen.counts):
            assert len({answer[at] for answer in answers}) == (1 if shown is not None else FEWER - 1), seen


def test_a_single_count() -> None:
    """Kept back from one to nine."""
    assert [alone(count) for count in (0, 1, 9, 10)] == [0, None, None, 10]
