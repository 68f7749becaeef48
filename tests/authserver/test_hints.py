"""Hints: what people read out to a clerk. Once, for a few minutes, of a shape that no number has."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.authserver.callcentre import CallCentre
from tests.profile.world import Administrator, World, together
from vault.authserver.announcing import announce
from vault.authserver.hints import ALPHABET, new_code, read, shown
from vault.authserver.prompts import prompts
from vault.clock import FixedClock
from vault.errors import Tampered, TooMany
from vault.signin import Holder


async def test_a_hint_works_once_and_not_for_long(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """However it is typed; used, or after ten minutes, it leads nowhere, and nothing says so."""
    hint = await centre.hint(person)
    await centre.start(hint.lower().replace("0", "o").replace("-", " "))
    await centre.start(hint)
    late = await centre.hint(person)
    clock.move(timedelta(minutes=10))
    await centre.start(late)
    clock.move(timedelta(minutes=-9))
    assert await announce(centre.bank.db) == 1
    assert len(await centre.bank.db.run(prompts, person)) == 1


async def test_a_hint_used_at_once_leads_once(centre: CallCentre, person: Holder) -> None:
    """Two requests with one hint at the same moment: the person is asked once."""
    hint = await centre.hint(person)
    await together(*[lambda: centre.start(hint)] * 4)
    await announce(centre.bank.db)
    assert len(await centre.bank.db.run(prompts, person)) == 1


async def test_an_administrator_cannot_turn_a_hint_to_another(
    world: World, centre: CallCentre, person: Holder, administrator: Administrator
) -> None:
    """A hint that was made to lead to somebody else is refused, loudly."""
    other, hint = await world.person(), await centre.hint(person)
    await administrator.execute("UPDATE consent_hints SET person_id = $1", other.id)
    with pytest.raises(Tampered):
        await centre.start(hint)


async def test_hints_are_counted(centre: CallCentre, person: Holder, clock: FixedClock) -> None:
    """Twenty an hour, exactly, whoever asks at the same time."""
    outcomes = await together(*[lambda: centre.hint(person)] * 24)
    assert sum(isinstance(each, TooMany) for each in outcomes) == 4
    clock.move(timedelta(hours=1))
    assert await centre.hint(person)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "13800130013",
        "+8613800130013",
        "510107199006184623",
        "010123456789",
        "A",
        "ABCD-EFGH-JKM",
        "ABCD-EFGH-JKMN-P",
        "person.b",
        "a@b.example",
        "欧阳静怡",
        "ABCD\nEFGHJKMN",
        "ＡＢＣＤＥＦＧＨＪＫＭＮ",
        "UUUU-UUUU-UUUU",
    ],
)
def test_what_is_no_hint_by_its_shape(text: str) -> None:
    """No telephone or identity number, no name, nothing of another length or alphabet."""
    assert read(text) is None


@given(st.integers(0, 11), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(at: int, wrong: str) -> None:
    """Before anybody is looked for: the clerk is told to ask again."""
    code = new_code()
    assume(code[at] != wrong)
    assert read(shown(code)) == code
    assert read(code[:at] + wrong + code[at + 1 :]) is None


def test_hints_are_not_guessed() -> None:
    """A letter, ten random characters, a check character; no two alike in ten thousand."""
    made = {new_code() for _ in range(10_000)}
    assert len(made) == 10_000
    assert all(code[0].isalpha() and len(code) == 12 for code in made)
