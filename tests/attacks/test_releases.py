"""Releases beyond what is allowed: other items, other people's, too often, too late, without the officer."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.attacks import forge
from tests.attacks.world import GENERAL, REASON, SENSITIVE, Bank, World
from vault import ids
from vault.clock import monotonic


def _values(answer: httpx.Response) -> dict[str, Any]:
    return {each["item"]: each["value"] for each in answer.json()["items"]}


async def test_an_item_too_much_is_named(world: World) -> None:
    """Not granted, not declared, not in the catalogue: 403 with its name, nothing delivered, and an entry each."""
    before = await world.entries("release.refused")
    for item in ("contact.email", "contact.address", "identity.soul", "' OR 1=1 --"):
        answer = await world.token.release(["identity.name", item])
        assert (answer.status_code, answer.json()["items"]) == (403, [item])
        assert world.anna.name not in answer.text
    assert await world.entries("release.refused") == before + 4


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": ["identity.name", "identity.name"]},
        {"items": ["identity.name"] * 10_000},
        {"items": ["x" * 101]},
        {"items": "identity.name"},
        {"items": {"identity.name": "raw"}},
        {"items": [{"item": "identity.name", "form": "raw"}]},
        {"items": [None]},
        {"items": ["identity.name"], "grant": "gnt_" + "0" * 32},
        {"items": ["identity.name"], "form": "raw"},
        [],
        "identity.name",
    ],
    ids=range(12),
)
async def test_a_request_of_another_shape(world: World, body: Any) -> None:
    """Nothing named, twice named, ten thousand named, other members: 400 or 422, and no use is counted."""
    url = f"{world.base}/v1/releases"
    bank = world.token
    headers = {
        "Authorization": f"DPoP {bank.access_token}",
        "DPoP": bank.proof("POST", url, bank.access_token),
        "Idempotency-Key": "shape",
    }
    answer = await bank.http.post(url, json=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert "value" not in answer.json()


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "ключ", "a\tb"])
async def test_a_release_needs_a_key_of_its_own(world: World, key: str) -> None:
    """Without a usable Idempotency-Key nothing leaves: nobody could ask again for a lost answer."""
    bank, url = world.token, f"{world.base}/v1/releases"
    headers = {
        b"Authorization": f"DPoP {bank.access_token}".encode(),
        b"DPoP": bank.proof("POST", url, bank.access_token).encode(),
        b"Idempotency-Key": key.strip(" ").encode(),
    }
    assert (await bank.http.post(url, json={}, headers=headers)).status_code == 422


async def test_another_banks_release_looks_absent(world: World) -> None:
    """Bank B with its own token and bank A's release id, A with another grant's token: as if it had never been."""
    path = f"/v1/releases/{world.waiting}"
    again = await world.granted(world.anna, world.harbour)
    nowhere = f"/v1/releases/{ids.public(ids.RELEASE, ids.new_uuid())}"
    answers = [await bank.release_state(where) for bank in (world.other_token, again) for where in (path, nowhere)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await world.token.release_state(path)).status_code == 200


async def test_a_key_belongs_to_one_request(world: World) -> None:
    """The same key for other items is refused; for the same ones it is the same release, the same entry, one use."""
    bank = await world.granted(world.anna, world.harbour, max_uses=1)
    first = await bank.release(["identity.name"], key="mine")
    other = await bank.release(["contact.phone_number"], key="mine")
    again = await bank.release(["identity.name"], key="mine")
    assert (first.status_code, other.status_code, again.status_code) == (200, 422, 200)
    assert again.json()["receipt"]["entry"] == first.json()["receipt"]["entry"]
    assert (await bank.release(["identity.name"])).status_code == 403
    assert (await (await world.granted(world.bao, world.harbour)).release(key="mine")).status_code == 200


async def test_a_key_belongs_to_one_request_also_at_once(world: World) -> None:
    """Two requests under one key at the same moment: one is delivered, the other is told that the key is taken."""
    bank = await world.granted(world.anna, world.harbour)
    wanted = [["identity.name"], ["contact.phone_number"]] * 3
    answers = await asyncio.gather(*(bank.release(items, key="both") for items in wanted))
    delivered = {answer.json()["receipt"]["index"] for answer in answers if answer.status_code == 200}
    assert len(delivered) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 3
    assert (await world.anna.browser.get(f"/v1/me/grants/{bank.grant}"))["uses"] == 1


async def test_a_limit_holds_for_many_at_once(world: World) -> None:
    """Twelve at the same moment on a grant for three uses: three are delivered, and three are in the ledger."""
    bank = await world.granted(world.anna, world.harbour, max_uses=3)
    before = await world.entries("release.delivered")
    answers = await asyncio.gather(*(bank.release() for _ in range(12)))
    assert sum(answer.status_code == 200 for answer in answers) == 3
    assert {answer.status_code for answer in answers} <= {200, 403, 503}
    assert await world.entries("release.delivered") == before + 3


async def test_a_frequency_holds(world: World) -> None:
    """Two an hour: the third is told when to come back."""
    bank = await world.granted(world.anna, world.harbour, frequency={"per": "hour", "count": 2})
    answers = [await bank.release() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 3600


async def test_withdrawal_during_releases(world: World) -> None:
    """Releases on four connections while the person withdraws: none is sent once they have their answer."""
    bank = await world.granted(world.anna, world.harbour)
    sent: list[tuple[float, float, int]] = []
    is_over = asyncio.Event()

    async def take() -> None:
        while not is_over.is_set():
            asked = monotonic()
            status = (await bank.release()).status_code
            sent.append((asked, monotonic(), status))

    takers = [asyncio.create_task(take()) for _ in range(4)]
    async with asyncio.timeout(30):
        while sum(status == 200 for *_, status in sent) < 8:
            await asyncio.sleep(0.005)
    answer = await world.anna.browser.send("POST", f"/v1/me/grants/{bank.grant}/withdrawal", {"reason": "enough"})
    answered, uses = monotonic(), answer.json()["uses"]
    await asyncio.sleep(1.2)
    is_over.set()
    await asyncio.gather(*takers)
    assert answer.json()["status"] == "withdrawn"
    assert {status for asked, _, status in sent if asked > answered} == {403}
    # What was in flight has a quarter of a second, and a slow machine more; then it is checked once more.
    assert {status for _, ended, status in sent if ended > answered + 1} == {403}
    assert {status for *_, status in sent} <= {200, 403, 503}
    after = await world.anna.browser.get(f"/v1/me/grants/{bank.grant}")
    assert after["uses"] == uses
    assert uses >= sum(status == 200 for *_, status in sent)
    assert (await bank.refresh()).status_code == 400


async def test_a_withdrawn_grant_repeats_nothing(world: World) -> None:
    """Not even what was delivered under it before: the same key after the withdrawal is refused."""
    bank = await world.granted(world.anna, world.harbour)
    assert (await bank.release(key="before")).status_code == 200
    await world.anna.browser.send("POST", f"/v1/me/grants/{bank.grant}/withdrawal", {})
    answer = await bank.release(key="before")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "grant-ended")


async def test_a_sensitive_item_waits_whatever_is_tried(world: World) -> None:
    """Alone, among general ones, under other keys, with a token for it alone: 202, never 200."""
    bank = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    item = '{"item":"identity.national_id","form":"masked"}'
    narrow = f'[{{"type":"personal_information.v1","duration_days":30,"items":[{item}]}}]'
    form = {"grant_type": "refresh_token", "refresh_token": bank.refresh_token, "authorization_details": narrow}
    answers = [await bank.release(list(SENSITIVE)), await bank.release(), await bank.release(list(SENSITIVE), key="k")]
    token = (await forge.post(bank, "/oauth/token", form)).json()["access_token"]
    answers.append(await forge.release(bank, token=token))
    for answer in answers:
        assert answer.status_code == 202
        assert set(answer.json()) == {"release", "state"}


async def test_an_approval_lets_out_what_it_was_for_once(world: World) -> None:
    """Used by its own request only: not by another key, item, grant or bank; afterwards the next one waits again."""
    bank = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    other = await world.granted(world.bao, world.harbour, GENERAL | SENSITIVE)
    waiting = (await bank.release(list(SENSITIVE), key="approved")).json()["release"]
    assert (
        await world.staff["third"].send("POST", f"/v1/desk/releases/{waiting}/decisions", _yes())
    ).status_code == 200
    assert (await other.release(list(SENSITIVE), key="approved")).status_code == 202
    assert (await bank.release(list(SENSITIVE), key="another")).status_code == 202
    assert (await bank.release(key="approved")).status_code == 422
    first = await bank.release(list(SENSITIVE), key="approved")
    assert first.status_code == 200
    again = await bank.release(list(SENSITIVE), key="approved")
    assert again.json()["receipt"]["entry"] == first.json()["receipt"]["entry"]
    assert (await bank.release(list(SENSITIVE), key="afterwards")).status_code == 202


async def test_an_approval_after_withdrawal(world: World) -> None:
    """Approved or not: what the person has ended stays in the vault, and the officer's yes is worth nothing."""
    bank = await world.granted(world.anna, world.harbour, GENERAL | SENSITIVE)
    early = (await bank.release(list(SENSITIVE), key="early")).json()["release"]
    late = (await bank.release(list(SENSITIVE), key="late")).json()["release"]
    assert (await world.staff["third"].send("POST", f"/v1/desk/releases/{early}/decisions", _yes())).status_code == 200
    await world.anna.browser.send("POST", f"/v1/me/grants/{bank.grant}/withdrawal", {})
    answer = await world.staff["third"].send("POST", f"/v1/desk/releases/{late}/decisions", _yes())
    assert answer.status_code in {403, 404, 409}
    for key in ("early", "late"):
        assert (await bank.release(list(SENSITIVE), key=key)).status_code == 403


async def test_bank_a_with_bank_bs_release(world: World) -> None:
    """A key that another bank used is nothing to this one: keys belong to a grant."""
    first: Bank = await world.granted(world.anna, world.harbour)
    second: Bank = await world.granted(world.anna, world.valley)
    one, two = await first.release(key="shared"), await second.release(key="shared")
    assert one.json()["release"] != two.json()["release"]
    assert one.json()["sub"] != two.json()["sub"]
    assert _values(one) == _values(two)


def _yes() -> dict[str, str]:
    return {"decision": "approve", "reason": REASON}
