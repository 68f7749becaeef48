"""Problem documents, and the pages their types lead to."""

import re

import asyncpg
import httpx
import pytest
from litestar.exceptions import HTTPException, NotFoundException
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

import vault.app  # noqa: F401 - loads every room, and with it every kind of error
from vault.edge.problems import as_vault_error, family, problem
from vault.errors import Invalid, NotFound, TooMany, Unavailable, VaultError


def test_a_problem_has_the_members_of_the_standard() -> None:
    """RFC 9457 section 3.1, with the request id and the error's own members beside them."""
    shown = problem(Invalid.field("name", "must not be empty"), issuer="https://v.example", request_id="r")
    assert shown == {
        "type": "https://v.example/problems/invalid-input",
        "title": "The input is not valid",
        "status": 422,
        "detail": "name: must not be empty",
        "errors": [{"field": "name", "why": "must not be empty"}],
        "request_id": "r",
    }


def test_what_is_private_stays_out() -> None:
    """The private half of an error is for the log."""
    assert "row 7" not in str(problem(NotFound(private="row 7"), issuer="", request_id=""))


@pytest.mark.parametrize("kind", [kind for name, kind in family().items()], ids=list(family()))
def test_every_kind_says_what_to_do(kind: type[VaultError]) -> None:
    """A slug that fits an address, a status, a title without a full stop, advice with one."""
    assert re.fullmatch("[a-z][a-z-]{2,40}", kind.name)
    assert 400 <= kind.status < 600
    assert kind.title
    assert not kind.title.endswith(".")
    assert kind.advice.endswith(".")


def test_the_framework_s_errors_join_the_family() -> None:
    """Whatever litestar raises has a type of ours."""
    assert as_vault_error(NotFoundException()).name == "not-found"
    assert as_vault_error(HTTPException(status_code=418)).status == 400
    assert as_vault_error(HTTPException(status_code=502)).status == 500


def test_a_database_that_is_away_is_not_our_mistake() -> None:
    """503 tells callers to come back; a broken constraint does not."""
    assert isinstance(as_vault_error(OperationalError("", {}, Exception("gone"))), Unavailable)
    assert isinstance(as_vault_error(ConnectionRefusedError()), Unavailable)
    assert as_vault_error(IntegrityError("", {}, Exception("somebody's value"))).name == "internal"
    for state, name in (("53100", "unavailable"), ("58030", "unavailable"), ("23505", "internal")):
        error = asyncpg.PostgresError.new({"C": state, "M": "somebody's value", "S": "ERROR"})
        assert as_vault_error(error).name == name
        assert as_vault_error(DBAPIError("", {}, error)).name == name


async def test_a_type_leads_to_its_page(caller: httpx.AsyncClient) -> None:
    """The type of a refusal is an address that explains it, in both languages."""
    refusal = await caller.get("/v1/me")
    kind = refusal.json()["type"]
    english = await caller.get(kind, headers={"Accept-Language": "en"})
    chinese = await caller.get(kind, headers={"Accept-Language": "zh-CN"})
    assert english.status_code == chinese.status_code == 200
    assert "Sign in first" in english.text
    assert "请先登录" in chinese.text
    assert '<html lang="zh-Hans-CN">' in chinese.text


async def test_unknown_addresses_are_problems_too(caller: httpx.AsyncClient) -> None:
    """Also where no handler is reached; browsers get a page."""
    for_programs = await caller.get("/v1/nothing")
    for_people = await caller.get("/nothing", headers={"Accept": "text/html"})
    assert for_programs.headers["content-type"] == "application/problem+json"
    assert for_people.headers["content-type"].startswith("text/html")
    assert for_programs.status_code == for_people.status_code == 404
    assert (await caller.get("/problems/no-such-kind")).status_code == 404


async def test_another_method_is_refused(caller: httpx.AsyncClient) -> None:
    """405 with a type of its own, and with the methods that are taken (RFC 9110 section 15.5.6)."""
    answer = await caller.delete("/v1/me/entries/7/receipt")
    assert answer.json()["type"].endswith("/problems/method-not-allowed")
    assert answer.headers["allow"] == "GET, OPTIONS"


async def test_head_is_get_without_the_content(caller: httpx.AsyncClient) -> None:
    """RFC 9110 section 9.3.2: for whoever only wants to know."""
    for path in ("/health/ready", "/", "/v1/catalogue"):
        head, whole = await caller.head(path), await caller.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]


def test_retry_after_is_said_in_the_header() -> None:
    """RFC 9110 section 10.2.3."""
    from vault.edge.problems import headers_of

    assert headers_of(TooMany(retry_after=7)) == {"Retry-After": "7"}
