"""Relay addresses: opened by a consent, in step with the contact, closed at once."""

import msgspec
import pytest

from tests.consent.world import choice
from tests.profile.world import CONTACT, IDENTITY
from tests.relay.conftest import DOMAIN, ITEMS, Relayed
from tests.release.world import Releases
from vault.consent import withdraw, write_section
from vault.errors import NotFound, Tampered
from vault.ids import new_uuid
from vault.relay import close
from vault.relay.addresses import close_ended
from vault.relay.names import read_name
from vault.relay.passing import NoAddress

EMAIL, PHONE = "contact.email", "contact.phone_number"


async def test_a_relayed_contact_leaves_as_an_address(relayed: Relayed) -> None:
    """In the place of mail address and number: addresses of the relay that tell nothing, with a receipt like any."""
    values = await relayed.released()
    assert values["identity.name"] == IDENTITY["name"]
    assert values[EMAIL].startswith("r-")
    assert values[EMAIL].endswith(f"@{DOMAIN}")
    assert values[PHONE].startswith("sip:c-")
    assert not any(secret in str(values) for secret in (*CONTACT.values(), "13800130013", "jingyi"))
    assert await relayed.released(key="x") == values


async def test_without_the_form_nothing_is_kept(releases: Releases) -> None:
    """Only who ticks the relay lets it hold a contact: no row for any other consent."""
    await releases.given({"identity.name": "raw", EMAIL: "raw"})
    assert await releases.administrator.rows("SELECT FROM relay_addresses") == []


async def test_nothing_readable_is_stored(relayed: Relayed) -> None:
    """Neither contact nor address stands in a row; what is sealed opens with the ring alone, in its own row alone."""
    rows = await relayed.administrator.rows("SELECT * FROM relay_addresses")
    rows += await relayed.administrator.rows("SELECT * FROM relay_names")
    stored = str([dict(row) for row in rows])
    addresses = [(await relayed.released())[item].removeprefix("sip:").partition("@")[0] for item in (EMAIL, PHONE)]
    assert not any(secret in stored for secret in (*CONTACT.values(), *addresses))
    await relayed.administrator.execute(
        "UPDATE relay_addresses a SET sealed = b.sealed FROM relay_addresses b WHERE a.item = $1 AND b.item = $2",
        EMAIL,
        PHONE,
    )
    with pytest.raises(Tampered):
        await relayed.send((await relayed.addresses())[0].name + f"@{DOMAIN}")


async def test_closing_holds_at_once(relayed: Relayed) -> None:
    """Nothing passes from then on, the next release has nothing in its place, and what stood behind it is forgotten."""
    to = (await relayed.released())[EMAIL]
    (found,) = [each for each in await relayed.addresses() if each.item == EMAIL]
    await relayed.run(close, relayed.releases.consents.person, found.id)
    with pytest.raises(NoAddress):
        await relayed.send(to)
    assert set(await relayed.released()) == {"identity.name", PHONE}
    rows = await relayed.administrator.rows("SELECT sealed FROM relay_addresses WHERE item = $1", EMAIL)
    assert [row["sealed"] for row in rows] == [None]
    assert relayed.van.parcels == []


async def test_a_repetition_says_what_was_said(relayed: Relayed) -> None:
    """Under its key a release is repeated with the address of then, though it is closed now and lets nothing pass."""
    first = await relayed.released(key="same")
    relayed.releases.later(minutes=1)
    for each in await relayed.addresses():
        await relayed.run(close, relayed.releases.consents.person, each.id)
    assert await relayed.released(key="same") == first
    assert set(await relayed.released(key="new")) == {"identity.name"}


async def test_withdrawal_closes_every_address(relayed: Relayed) -> None:
    """With the grant go its addresses, each with an entry."""
    to = (await relayed.released())[EMAIL]
    await relayed.run(withdraw, relayed.releases.consents.person, relayed.given.grant)
    assert {each.closed_at is not None for each in await relayed.addresses()} == {True}
    assert [entry["reason"] for entry in await relayed.releases.entries("relay.closed")] == ["grant", "grant"]
    with pytest.raises(NoAddress):
        await relayed.send(to)


async def test_what_ran_out_is_forgotten(relayed: Relayed) -> None:
    """By itself, when the permission's time is over: nothing stands behind its addresses any more, with an entry."""
    assert await relayed.run(close_ended) == 0
    relayed.releases.clock.move(relayed.given.expires_at - relayed.releases.clock.now())
    assert await relayed.run(close_ended) == 2
    rows = await relayed.administrator.rows("SELECT sealed FROM relay_addresses")
    assert [row["sealed"] for row in rows] == [None, None]
    assert {entry["actor"]["kind"] for entry in await relayed.releases.entries("relay.closed")} == {"registry"}


async def test_a_new_contact_stands_behind_the_old_address(relayed: Relayed) -> None:
    """The person changes their mail address: the bank notices nothing, and its mail goes to the new one."""
    to, person = (await relayed.released())[EMAIL], relayed.releases.consents.person
    changed = CONTACT | {"email": "new.address@example.org"}
    await relayed.run(write_section, person, "contact", changed, expected=1)
    assert (await relayed.released())[EMAIL] == to
    await relayed.send(to)
    assert [parcel.to for parcel in relayed.van.parcels] == ["new.address@example.org"]


@pytest.mark.parametrize("email", [None, 'a"b@example.com', "a@localhost", "a,b@example.com"])
async def test_what_cannot_be_written_to_has_no_address(relayed: Relayed, email: str | None) -> None:
    """Removed, or of a kind that a header or a command could be broken with: the address is closed, and absent."""
    person = relayed.releases.consents.person
    changed = {"phone_number": CONTACT["phone_number"]} | ({"email": email} if email else {})
    await relayed.run(write_section, person, "contact", changed, expected=1)
    assert EMAIL not in await relayed.released()


async def test_another_person_closes_nothing(relayed: Relayed) -> None:
    """Somebody else's address is as absent as one that never was."""
    (first, _), world = await relayed.addresses(), relayed.releases.consents.world
    stranger = await world.person()
    for holder, which in ((stranger, first.id), (relayed.releases.consents.person, new_uuid())):
        with pytest.raises(NotFound):
            await relayed.run(close, holder, which)
    assert {each.closed_at for each in await relayed.addresses()} == {None}


async def test_each_consent_has_addresses_of_its_own(relayed: Relayed) -> None:
    """A second grant to the same bank has other addresses: they are no name by which a person is known."""
    before = {each.name for each in await relayed.addresses()}
    await relayed.releases.consents.given(choice(*ITEMS), items=ITEMS)
    after = {each.name for each in await relayed.addresses()}
    assert len(after) == 2 * len(before)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r-" + "a" * 24,
        f"r-{'a' * 23}@{DOMAIN}",
        f"x-{'a' * 24}@{DOMAIN}",
        f"r-{'a' * 23}.@{DOMAIN}",
        f"r-{'é' * 24}@{DOMAIN}",
        f"r-{'a' * 24}@elsewhere.example",
        f"r-{'a' * 24}@{DOMAIN}@elsewhere.example",
    ],
)
def test_only_names_of_this_relay_are_read(text: str) -> None:
    """Other domains, other shapes: no name, and so no row is looked for."""
    assert read_name(text, DOMAIN) is None
    assert read_name(f"R-{'A' * 24}@{DOMAIN.upper()}", DOMAIN) == "r-" + "a" * 24


async def test_entries_name_neither_contact_nor_address(relayed: Relayed) -> None:
    """Opened, used, closed: the entries hold organisation and item, and nothing that ties them together."""
    to = (await relayed.released())[EMAIL]
    await relayed.send(to)
    await relayed.run(withdraw, relayed.releases.consents.person, relayed.given.grant)
    names = ("relay.opened", "relay.forwarded", "relay.closed")
    entries = [entry for name in names for entry in await relayed.releases.entries(name)]
    assert len(entries) == 5
    told = msgspec.json.encode(entries).decode()
    assert not any(secret in told for secret in (*CONTACT.values(), to.partition("@")[0], relayed.given.grant.hex))
    assert all("ref" not in entry for entry in entries)
