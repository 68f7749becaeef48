"""An entry's receipt as a text file (C2SP tlog-proof), under the newest published checkpoint where that covers it."""

import asyncio

from litestar import Response

from vault.edge.request import VaultRequest
from vault.ledger import reading, tlog_proof
from vault.ledger.receipt import Receipt
from vault.ledger.shelf import Shelf, ShelfFailed


async def proof_file(request: VaultRequest, receipt: Receipt) -> Response[bytes]:
    """The text form. What is published carries the witnesses' cosignatures, so that it convinces without the log's
    word; an entry too fresh for it is proven by the log's signature alone."""
    note = await _published(request)
    if note is not None:
        receipt = await request.doors.database.run(reading.receipt_under, receipt, note)
    name = f"entry-{receipt.index}{tlog_proof.SUFFIX}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    text = tlog_proof.encode(tlog_proof.of_receipt(receipt))
    return Response(text.encode(), media_type="text/plain", headers=headers)


async def _published(request: VaultRequest) -> str | None:
    folder = request.doors.settings.log_folder
    if folder is None:
        return None
    try:
        return await asyncio.to_thread(Shelf(folder).checkpoint)
    except ShelfFailed:
        return None
