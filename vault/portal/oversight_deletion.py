"""What was to be deleted and nobody answered: for regulators; whose data it is about is not said."""

from typing import Final
from urllib.parse import urlencode

from litestar import get
from litestar.response import Template

from vault.deletion import Place
from vault.edge.request import VaultRequest
from vault.oversight import deletions
from vault.portal.deletion_words import order_row
from vault.portal.pages import language_of, page
from vault.signin import REGULATOR

_ON_ONE_PAGE: Final = 50


@get("/oversight/deletion")
async def overdue_page(request: VaultRequest) -> Template:
    """The longest overdue first, page by page. The question is an entry."""
    spoken, text = language_of(request), request.query_params.get("after", "")
    after = Place.read(text[:80]) if text else None
    async with request.acting(REGULATOR) as holder:
        found = await deletions.overdue(request.doors.database, holder, after=after, limit=_ON_ONE_PAGE)
    more = f"/oversight/deletion?{urlencode({'after': found[-1].place.public()})}" if len(found) == _ON_ONE_PAGE else ""
    rows = [order_row(each, spoken) for each in found]
    return page(request, "oversight/deletion", realm=REGULATOR, wide=True, orders=rows, more=more, after=after)
