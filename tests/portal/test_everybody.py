"""Pages for everybody: the doors, the language switch, errors that say what to do."""

import pytest

from tests.api.edge import PASSWORD, registration
from tests.portal.visits import Page, Visitor


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/register",
        "/desk/sign-in",
        "/oversight/sign-in",
        "/problems",
        "/integrate/errors",
        "/integrate/errors/pkce",
        "/x",
    ],
)
@pytest.mark.parametrize(("language", "html"), [("en", "en-GB"), ("zh-CN", "zh-Hans-CN")])
async def test_every_page_is_whole(visitor: Visitor, path: str, language: str, html: str) -> None:
    """In its language, nothing inline, every input labelled."""
    visitor.client.headers["Accept-Language"] = language
    page = await visitor.go(path)
    assert (page.lang, page.inline) == (html, [])
    assert page.inputs <= page.labelled


async def test_a_visitor_registers_and_signs_in(visitor: Visitor) -> None:
    """From the welcome page to the vault, by links and forms alone."""
    sent = registration()
    assert "/register" in (await visitor.go("/")).links
    form = (await visitor.go("/register")).form("/register")
    typed = {"name": sent["name"], "login": sent["login"], "password": PASSWORD}
    done = await visitor.fill(form, **typed, **{"national_id.number": sent["national_id"]["number"]})
    assert "was submitted" in done.text
    door = (await visitor.go("/sign-in")).form("/sign-in")
    inside = await visitor.fill(door, login=sent["login"], password=PASSWORD)
    assert (inside.status_code, inside.headers["location"]) == (303, "/home")
    assert "My information" in (await visitor.go("/home")).text


async def test_what_is_wrong_stands_beside_the_field(visitor: Visitor) -> None:
    """What was typed is kept, but for the password; the reason is tied to its input."""
    form = (await visitor.go("/register")).form("/register")
    page = Page(
        await visitor.fill(form, name="王小明", login="xiaoming-w", password="short", **{"national_id.number": "1"})
    )
    assert page.status == 422
    assert "must have 18 characters" in page.text
    assert 'aria-invalid="true" aria-describedby="h-national_id.number e-national_id.number"' in page.html
    kept = dict(page.form("/register").fields)
    assert (kept["name"], kept["login"], kept["password"]) == ("王小明", "xiaoming-w", "")


async def test_switching_the_language_keeps_what_was_typed(visitor: Visitor) -> None:
    """The switch sends the form along and nothing is registered."""
    form = (await visitor.go("/register")).form("/register")
    page = Page(await visitor.fill(form, ("language", "zh-CN"), name="王小明", login="xiaoming-w"))
    assert (page.status, page.lang) == (200, "zh-Hans-CN")
    assert dict(page.form("/register").fields)["name"] == "王小明"
    assert (await visitor.go("/")).lang == "zh-Hans-CN"


async def test_the_language_link_leads_back(visitor: Visitor) -> None:
    """To the very page, its query included; never to another site."""
    link = next(link for link in (await visitor.go("/problems")).links if link.startswith("/language"))
    page = await visitor.go(link)
    assert (page.lang, str(page.answer.url).endswith("/problems")) == ("zh-Hans-CN", True)
    away = await visitor.client.get("/language?to=en&next=//evil.example")
    assert away.headers["location"] == "/"


@pytest.mark.parametrize(
    ("path", "door"),
    [("/home", "/sign-in"), ("/grants", "/sign-in"), ("/desk", "/desk/sign-in"), ("/oversight", "/oversight/sign-in")],
)
async def test_whoever_is_not_signed_in_is_led_to_their_door(visitor: Visitor, path: str, door: str) -> None:
    """And comes back to where they were."""
    answer = await visitor.client.get(f"{path}?show=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{door}?next={path.replace('/', '%2F')}%3Fshow%3Dx"


async def test_a_wrong_password_is_told_on_the_page(visitor: Visitor) -> None:
    """In words, with the name kept and the way back too."""
    door = (await visitor.go("/sign-in?next=/grants")).form("/sign-in")
    page = Page(await visitor.fill(door, login="nobody-here", password=PASSWORD))
    assert page.status == 401
    assert "The login name or the password is wrong." in page.text
    kept = dict(page.form("/sign-in").fields)
    assert (kept["login"], kept["next"], kept["password"]) == ("nobody-here", "/grants", "")


async def test_a_form_without_its_token_does_nothing(visitor: Visitor) -> None:
    """A foreign page cannot send one."""
    await visitor.go("/sign-in")
    answer = await visitor.client.post("/sign-in", data={"login": "a", "password": "b"})
    assert answer.status_code == 403
    assert "does not show that you meant it" in answer.text


async def test_signing_out_is_a_form(visitor: Visitor) -> None:
    """No link can end somebody's visit."""
    await visitor.settle()
    assert (await visitor.client.get("/sign-out")).status_code == 405
    page = await visitor.go("/home")
    assert (await visitor.fill(page.form("/sign-out"))).headers["location"] == "/"
    assert (await visitor.client.get("/home")).status_code == 303


async def test_static_files_may_be_kept(visitor: Visitor) -> None:
    """Their address changes with their contents."""
    page = (await visitor.client.get("/")).text
    address = page.split('href="/static/vault.css')[1].split('"')[0]
    answer = await visitor.client.get(f"/static/vault.css{address}")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
