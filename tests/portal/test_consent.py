"""The consent page: what it must say, what it must not presume, what a decision leads to."""

from urllib.parse import parse_qs, urlsplit

import httpx

from tests.api.edge import Edge, send
from tests.portal.visits import CONTACT, Form, Page, Requester, Visitor


async def shown(person: Visitor, bank: Requester) -> tuple[Page, Form]:
    """A fresh request on its page, and the form of the decision."""
    page = await person.go((await bank.ask())[0])
    assert page.status == 200
    return page, page.form("/oauth/authorize")


def back(answer: httpx.Response) -> dict[str, str]:
    """What the browser takes back to the requester."""
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("http://127.0.0.1:9/callback?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def test_it_says_everything_the_law_asks(person: Visitor, bank: Requester) -> None:
    """Who, vetted by whom, why, what in which form, how long, how often, how long kept, how to stop, what no means."""
    page, _ = await shown(person, bank)
    for said in (
        bank.name,
        "Checked by the registry",
        bank.purpose,
        "91350100M000100Y43",
        "privacy@harbour.example",
        "It receives: partly hidden",
        "30 days",
        "5 times a day; 20 times in all",
        "The loan cannot be assessed.",
        "How to stop",
        "article 29",
    ):
        assert said in page.text, said


async def test_it_shows_the_person_their_own_values(person: Visitor, bank: Requester) -> None:
    """As they are, and as they would leave."""
    page, _ = await shown(person, bank)
    assert CONTACT["phone_number"] in page.text
    assert "138****0013" in page.text
    assert person.sent["national_id"]["number"] in page.text


async def test_nothing_is_ticked_beforehand(person: Visitor, bank: Requester) -> None:
    """Optional items are boxes, required ones are not; the sensitive yes is a box of its own."""
    _, form = await shown(person, bank)
    assert form.boxes == [
        ("item", "contact.email", False),
        ("item", "identity.national_id", False),
        ("sensitive_yes", "yes", False),
    ]
    assert form.buttons == [("decision", "allow"), ("decision", "deny")]


async def test_allowing_gives_what_was_ticked(person: Visitor, bank: Requester) -> None:
    """Required items and ticked ones; the code turns into a token."""
    address, pushed = await bank.ask()
    form = (await person.go(address)).form("/oauth/authorize")
    answer = await person.fill(form, ("decision", "allow"), ("item", "contact.email"))
    assert set(back(answer)) == {"code", "state", "iss"}
    token = await bank.bank.redeem(answer.headers["location"], pushed)
    granted = {each["item"] for detail in token.json()["authorization_details"] for each in detail["items"]}
    assert granted == {"identity.name", "contact.phone_number", "contact.email"}


async def test_a_sensitive_item_needs_its_own_yes(person: Visitor, bank: Requester) -> None:
    """Ticked without it, nothing is given; the ticks are kept and the page says what is missing."""
    _, form = await shown(person, bank)
    page = Page(await person.fill(form, ("decision", "allow"), ("item", "identity.national_id")))
    assert page.status == 422
    assert ("item", "identity.national_id", True) in page.form("/oauth/authorize").boxes
    assert (await person.client.get("/v1/me/grants")).json()["grants"] == []
    again = await person.fill(
        page.form("/oauth/authorize"), ("decision", "allow"), ("item", "identity.national_id"), ("sensitive_yes", "yes")
    )
    assert "code" in back(again)


async def test_no_is_no(person: Visitor, bank: Requester) -> None:
    """access_denied and nothing else; the request is over, and the ledger has it."""
    address, _ = await bank.ask()
    form = (await person.go(address)).form("/oauth/authorize")
    answer = back(await person.fill(form, ("decision", "deny")))
    assert (answer["error"], set(answer)) == ("access_denied", {"error", "state", "iss"})
    assert (await person.go(address)).status == 400
    await person.edge.recorded()
    events = [each["event"] for each in (await person.client.get("/v1/me/entries")).json()["entries"]]
    assert "grant.declined" in events


async def test_a_decision_is_taken_once(person: Visitor, bank: Requester) -> None:
    """The second submission of the same page gives no second grant."""
    _, form = await shown(person, bank)
    first = await person.fill(form, ("decision", "allow"))
    second = await person.fill(form, ("decision", "allow"))
    assert (first.status_code, second.status_code) == (303, 400)
    assert len((await person.client.get("/v1/me/grants")).json()["grants"]) == 1


async def test_another_notice_than_the_one_shown_gives_nothing(person: Visitor, bank: Requester) -> None:
    """What is signed is the digest of what was shown."""
    _, form = await shown(person, bank)
    page = Page(await person.fill(form, ("decision", "allow"), notice="0" * 64))
    assert page.status == 422
    assert "has changed since you opened this page" in page.text
    assert (await person.client.get("/v1/me/grants")).json()["grants"] == []


async def test_the_notice_is_signed_in_the_language_shown(person: Visitor, bank: Requester) -> None:
    """Switching keeps the ticks; the record names the language."""
    _, form = await shown(person, bank)
    page = Page(await person.fill(form, ("language", "zh-CN"), ("item", "contact.email")))
    assert (page.status, page.lang) == (200, "zh-Hans-CN")
    assert ("item", "contact.email", True) in page.form("/oauth/authorize").boxes
    back(await person.fill(page.form("/oauth/authorize"), ("decision", "allow")))
    grant = (await person.client.get("/v1/me/grants")).json()["grants"][0]["grant"]
    record = (await person.client.get(f"/v1/me/grants/{grant}")).json()["receipt"]["record"]
    assert record["pii_processing"]["language"] == "zh-CN"


async def test_items_nobody_asked_for_are_not_given(person: Visitor, bank: Requester) -> None:
    """Whatever a changed form sends."""
    _, form = await shown(person, bank)
    await person.fill(form, ("decision", "allow"), ("item", "health.conditions"), ("item", "contact.address"))
    grants = (await person.client.get("/v1/me/grants")).json()["grants"]
    items = {each["item"] for grant in grants for each in grant["items"]}
    assert items <= {"identity.name", "contact.phone_number"}


async def test_signing_in_keeps_the_request(visitor: Visitor, bank: Requester) -> None:
    """Somebody who is not signed in comes back to the very request."""
    await visitor.settle()
    await send(visitor.client, "DELETE", "/v1/sessions/current")
    address, _ = await bank.ask()
    door = await visitor.go(address)
    assert "nothing is shared by signing in" in door.text
    sign_in = {name: visitor.sent[name] for name in ("login", "password")}
    inside = await visitor.fill(door.form("/sign-in"), **sign_in)
    page = await visitor.go(inside.headers["location"])
    assert bank.name in page.text
    assert page.form("/oauth/authorize")


async def test_forms_may_lead_back_and_nowhere_else(person: Visitor, bank: Requester) -> None:
    """The page's policy names the requester's origin, so that browsers follow the redirect; no frame may hold it."""
    page, _ = await shown(person, bank)
    policy = page.answer.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "frame-ancestors 'none'" in policy


async def test_made_up_requests_lead_nowhere(person: Visitor, bank: Requester) -> None:
    """An error page, never a redirect (RFC 9700 section 4.11)."""
    address, _ = await bank.ask()
    others = [
        "/oauth/authorize",
        "/oauth/authorize?client_id=x&request_uri=y",
        address.replace("client_id=cli_", "client_id=req_"),
        address[:-4] + "AAAA",
        "/oauth/authorize?response_type=code&redirect_uri=https://evil.example&client_id=" + bank.bank.client_id,
    ]
    for each in others:
        answer = await person.client.get(each)
        assert answer.status_code == 400
        assert "Nothing was shared" in answer.text


async def test_no_other_site_may_decide(edge: Edge, person: Visitor, bank: Requester) -> None:
    """Without the form token there is no decision."""
    _, form = await shown(person, bank)
    form.fields = [(name, value) for name, value in form.fields if name != "_csrf_token"]
    assert (await person.fill(form, ("decision", "allow"))).status_code == 403
    assert (await person.client.get("/v1/me/grants")).json()["grants"] == []


async def test_without_what_is_needed_there_is_nothing_to_allow(visitor: Visitor, bank: Requester) -> None:
    """The page says what is lacking and offers no yes; a form made by hand gives nothing; no is told like any no."""
    await visitor.edge.settle(visitor.client)
    page, form = await shown(visitor, bank)
    assert form.buttons == [("decision", "deny")]
    assert "is needed and not in your vault" in page.text
    forced = Page(await visitor.fill(form, ("decision", "allow")))
    assert forced.status == 422
    assert (await visitor.client.get("/v1/me/grants")).json()["grants"] == []
    answer = back(await visitor.fill(form, ("decision", "deny")))
    assert (answer["error"], set(answer)) == ("access_denied", {"error", "state", "iss"})
