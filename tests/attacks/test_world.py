"""The world works before it is attacked."""

from tests.attacks.world import GENERAL, World


async def test_what_was_granted_is_released(world: World) -> None:
    """An attack that fails proves something only where the honest way succeeds."""
    answer = await world.token.release(list(GENERAL))
    assert answer.status_code == 200
    assert {each["item"]: each["form"] for each in answer.json()["items"]} == GENERAL
