"""How an export is written: as CSV, as Parquet, or as a bundle that anyone verifies offline. Pure.

A file is a beginning, parts of entries, and an end. What the end must know of the parts is kept with the export, so
that another process can go on where one stopped.
"""

import csv
import io
import tarfile
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from vault.clock import from_millis
from vault.ledger.page_proofs import PageProof
from vault.ledger.reading import Entry
from vault.ledger.tree import leaf_hash
from vault.oversight.parquet import INT64, MAGIC, Column, footer, row_group

CSV, PARQUET, BUNDLE = "csv", "parquet", "bundle"
FORMATS: Final = (CSV, PARQUET, BUNDLE)
SUFFIXES: Final = {CSV: "csv", PARQUET: "parquet", BUNDLE: "tar"}
COLUMNS: Final = (
    Column("index", INT64, may_lack=False),
    Column("at", INT64, is_moment=True, may_lack=False),
    Column("id", may_lack=False),
    Column("event", may_lack=False),
    Column("actor_kind", may_lack=False),
    Column("actor"),
    Column("requester"),
    Column("seq", INT64),
    Column("declaration"),
    Column("declaration_version", INT64),
    Column("purpose"),
    Column("items"),
    Column("outcome"),
    Column("reason"),
    Column("ref"),
    Column("leaf_hash", may_lack=False),
)
"""``items``: name, or name:form, separated by spaces. ``leaf_hash``: hexadecimal; with it a line is looked up in a copy
of the log. The person's tag is in the bundle alone, within the exact bytes."""
_README: Final = """\
Entries of the release ledger that answer one question, each with its proof.

  question.json    what was asked, when, by whom, and how large the ledger was
  checkpoint       the signed checkpoint that every proof leads to
  receipts/        one receipt a line (JSON), as `pivault ledger verify` takes each

Verify all of them, without server or database:  pivault ledger verify-answer FILE --vkey log.vkey
The ledger's public key is at /v1/ledger/key; take it from somewhere you trust.
"""


def begin(kind: str, question: dict[str, Any], checkpoint: str) -> bytes:
    """The first bytes of the file."""
    if kind == PARQUET:
        return MAGIC
    if kind == CSV:
        return _lines([[column.name for column in COLUMNS]])
    said = msgspec.json.format(msgspec.json.encode(question), indent=2)
    files = {"README.txt": _README.encode(), "question.json": said + b"\n", "checkpoint": checkpoint.encode()}
    return b"".join(_member(name, content) for name, content in files.items())


def part(kind: str, entries: Sequence[Entry], proof: PageProof | None, *, offset: int) -> tuple[bytes, Any]:
    """The bytes of some entries that begin at an offset of the file, and what :func:`end` must know of them."""
    if kind == BUNDLE:
        assert proof is not None
        lines = b"".join(msgspec.json.encode(receipt) + b"\n" for receipt in proof.receipts())
        return _member(f"receipts/{entries[0].index:012}.ndjson", lines), None
    rows = [_row(each) for each in entries]
    if kind == CSV:
        return _lines(
            [[row[0], from_millis(row[1]).isoformat(timespec="milliseconds"), *row[2:]] for row in rows]
        ), None
    content, chunks = row_group(COLUMNS, rows, offset)
    return content, [len(rows), chunks]


def end(kind: str, made: Sequence[Any]) -> bytes:
    """The last bytes of the file."""
    if kind == PARQUET:
        return footer(COLUMNS, [(rows, chunks) for rows, chunks in made])
    return bytes(2 * tarfile.BLOCKSIZE) if kind == BUNDLE else b""


def _row(entry: Entry) -> list[Any]:
    members = entry.members
    items = [":".join(filter(None, (each["item"], each.get("form")))) for each in members.get("items", ())]
    derived = {
        "index": entry.index,
        "actor_kind": members["actor"]["kind"],
        "actor": members["actor"].get("id"),
        "items": " ".join(items) or None,
        "leaf_hash": leaf_hash(entry.body).hex(),
    }
    return [derived[column.name] if column.name in derived else members.get(column.name) for column in COLUMNS]


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    """RFC 4180; what is absent is empty."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _member(name: str, content: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    padding = bytes(-len(content) % tarfile.BLOCKSIZE)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + padding
