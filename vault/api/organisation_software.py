"""For an organisation's programmers: trying a request, and statements that let products register themselves."""

from typing import Annotated, Final

import msgspec
from litestar import post
from litestar.params import FromPath

from vault.api.description import Extra
from vault.authserver.selftest import Target, Trial
from vault.edge.request import VaultRequest
from vault.edge.self_test import try_request
from vault.organisations.statements import software_statement
from vault.requesters.statements import LIFE, Product
from vault.signin import MEMBER


class SelfTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request as it would be sent. ``body``: the form, encoded; ``dpop``: the value of the DPoP header."""

    client: Annotated[str, msgspec.Meta(max_length=40)]
    target: Target
    body: Annotated[str, msgspec.Meta(max_length=100_000)]
    dpop: Annotated[str, msgspec.Meta(max_length=10_000)] | None = None


class Verdict(msgspec.Struct, frozen=True):
    """One check. ``complaint``: what to mend, with a page about it in ``more``; absent where it passes."""

    group: str
    check: str
    passes: bool
    complaint: str | None
    more: str | None


class Verdicts(msgspec.Struct, frozen=True):
    """In the order in which the server makes the checks."""

    passes: bool
    checks: list[Verdict]


class Statement(msgspec.Struct, frozen=True):
    """Give it to the product; it registers one client at ``registration_endpoint`` within ``expires_in`` seconds."""

    software_statement: str
    registration_endpoint: str
    expires_in: int


@post(
    "/v1/organisation/self-tests",
    status_code=200,
    opt={"extra": Extra(body=SelfTest, refusals=(404,))},
    tags=["organisation"],
)
async def try_own_request(request: VaultRequest) -> Verdicts:
    """Try a request of one of the organisation's clients: every check with its verdict. Nothing is used up."""
    asked = await request.parsed(SelfTest)
    trial = Trial(asked.target, asked.body, asked.dpop)
    found = await request.as_holder(MEMBER, try_request, request.doors.authserver, asked.client, trial)
    checks = [Verdict(each.group, each.check, each.complaint is None, each.complaint, each.more) for each in found]
    return Verdicts(all(check.passes for check in checks), checks)


@post(
    "/v1/organisation/declarations/{declaration:str}/software-statements",
    status_code=201,
    opt={"extra": Extra(body=Product)},
    tags=["organisation"],
)
async def issue_software_statement(request: VaultRequest, declaration: FromPath[str]) -> Statement:
    """A software statement (RFC 7591) for one product under one declaration. Takes the role keys."""
    product = await request.parsed(Product)
    server = request.doors.authserver
    made = await request.as_holder(MEMBER, software_statement, declaration, product, issuer=server.issuer)
    return Statement(made, server.registration_url, int(LIFE.total_seconds()))


HANDLERS: Final = [try_own_request, issue_software_statement]
