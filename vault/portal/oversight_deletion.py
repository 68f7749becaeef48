"""What was to be deleted and nobody answered: for regulators; whose data it is about is not said."""

from litestar import get
from litestar.response import Template

from vault.edge.request import VaultRequest
from vault.oversight import deletions
from vault.portal.deletion_words import order_row
from vault.portal.pages import language_of, page
from vault.signin import REGULATOR


@get("/oversight/deletion")
async def overdue_page(request: VaultRequest) -> Template:
    """The longest overdue first. The question is an entry."""
    spoken = language_of(request)
    async with request.acting(REGULATOR) as holder:
        found = await deletions.overdue(request.doors.database, holder, limit=200)
    rows = [order_row(each, spoken) for each in found]
    return page(request, "oversight/deletion", realm=REGULATOR, wide=True, orders=rows)
