"""References a person makes for a regulator: shown once, good for a week, ended at any time."""

from litestar import Response, delete, post

from vault.api.oversight import ReferenceView
from vault.edge.request import VaultRequest
from vault.oversight import end_references, make_reference
from vault.signin import PERSON


@post("/v1/me/references", status_code=201, tags=["sharing"])
async def create_reference(request: VaultRequest) -> ReferenceView:
    """A code by which a regulator you give it to finds the entries about you, and learns nothing else of you."""
    made = await request.as_holder(PERSON, make_reference)
    return ReferenceView(made.code, made.ends_at)


@delete("/v1/me/references", status_code=204, tags=["sharing"])
async def remove_references(request: VaultRequest) -> Response[None]:
    """End every reference you made, at once."""
    await request.as_holder(PERSON, end_references)
    return Response(None, status_code=204)


HANDLERS = (create_reference, remove_references)
