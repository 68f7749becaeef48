"""Parquet, written a row group at a time, so that an export can stop anywhere and go on. Pure.

The part of the format (parquet-format 2.x) that a flat table needs: data pages of version 1, PLAIN values, definition
levels for what may be absent, gzip; the footer in Thrift's compact protocol. Readers of any make take it. The packages
that write Parquet weigh fifty megabytes, and none of them lets the footer be written by another process than the rows.
"""

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAGIC: Final = b"PAR1"
INT64, BYTE_ARRAY = 2, 6
UTF8, TIMESTAMP_MILLIS = 0, 9
_REQUIRED, _OPTIONAL = 0, 1
_PLAIN, _RLE, _GZIP = 0, 3, 2
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text, or of integers (``is_moment``: ms since 1970, UTC). ``may_lack``: None is a value."""

    name: str
    kind: int = BYTE_ARRAY
    is_moment: bool = False
    may_lack: bool = True


Chunk = list[int]
"""Of one column in one row group: offset in the file, bytes stored, bytes unpacked."""


def row_group(columns: Sequence[Column], rows: Sequence[Sequence[Any]], offset: int) -> tuple[bytes, list[Chunk]]:
    """The bytes of a row group that begins at an offset of the file, and what the footer must know of it."""
    content, chunks = bytearray(), []
    for at, column in enumerate(columns):
        values = [row[at] for row in rows]
        page = _levels(values) + _values(column, values) if column.may_lack else _values(column, values)
        packed = gzip.compress(page, compresslevel=6, mtime=0)
        header = _page_header(len(values), len(page), len(packed))
        chunks.append([offset + len(content), len(header) + len(packed), len(header) + len(page)])
        content += header + packed
    return bytes(content), chunks


def footer(columns: Sequence[Column], groups: Sequence[tuple[int, Sequence[Chunk]]]) -> bytes:
    """The end of the file: ``groups`` are the rows and chunks of each row group, in order."""
    schema = [_struct((4, _BINARY, b"entries"), (5, _I32, len(columns))), *(_element(each) for each in columns)]
    written = _struct(
        (1, _I32, 1),
        (2, _LIST, (_STRUCT, schema)),
        (3, _I64, sum(rows for rows, _ in groups)),
        (4, _LIST, (_STRUCT, [_group(columns, rows, chunks) for rows, chunks in groups])),
        (6, _BINARY, b"pivault"),
    )
    return written + struct.pack("<I", len(written)) + MAGIC


def _values(column: Column, values: Sequence[Any]) -> bytes:
    present = [value for value in values if value is not None]
    if column.kind == INT64:
        return struct.pack(f"<{len(present)}q", *present)
    texts = [value.encode() for value in present]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _levels(values: Sequence[Any]) -> bytes:
    """Definition levels: one bit each, packed (the bit-packed run of the RLE hybrid)."""
    bits = sum(1 << at for at, value in enumerate(values) if value is not None)
    groups = -(-len(values) // 8)
    packed = _varint(groups << 1 | 1) + bits.to_bytes(groups, "little")
    return struct.pack("<I", len(packed)) + packed


def _page_header(count: int, unpacked: int, packed: int) -> bytes:
    data = _struct((1, _I32, count), (2, _I32, _PLAIN), (3, _I32, _RLE), (4, _I32, _RLE))
    return _struct((1, _I32, 0), (2, _I32, unpacked), (3, _I32, packed), (5, _STRUCT, data))


def _element(column: Column) -> bytes:
    fields: list[tuple[int, int, Any]] = [
        (1, _I32, column.kind),
        (3, _I32, _OPTIONAL if column.may_lack else _REQUIRED),
        (4, _BINARY, column.name.encode()),
    ]
    if column.kind == BYTE_ARRAY or column.is_moment:
        fields.append((6, _I32, TIMESTAMP_MILLIS if column.is_moment else UTF8))
    return _struct(*fields)


def _group(columns: Sequence[Column], rows: int, chunks: Sequence[Chunk]) -> bytes:
    written = [
        _struct((2, _I64, offset), (3, _STRUCT, _column(column, rows, (offset, stored, unpacked))))
        for column, (offset, stored, unpacked) in zip(columns, chunks, strict=True)
    ]
    return _struct((1, _LIST, (_STRUCT, written)), (2, _I64, sum(each[2] for each in chunks)), (3, _I64, rows))


def _column(column: Column, rows: int, where: tuple[int, int, int]) -> bytes:
    offset, stored, unpacked = where
    return _struct(
        (1, _I32, column.kind),
        (2, _LIST, (_I32, [_varint(_zigzag(_PLAIN)), _varint(_zigzag(_RLE))])),
        (3, _LIST, (_BINARY, [_varint(len(column.name)) + column.name.encode()])),
        (4, _I32, _GZIP),
        (5, _I64, rows),
        (6, _I64, unpacked),
        (7, _I64, stored),
        (9, _I64, offset),
    )


def _struct(*fields: tuple[int, int, Any]) -> bytes:
    """Thrift's compact protocol: fields by ascending number, each led by its distance from the one before."""
    written, last = bytearray(), 0
    for number, kind, value in fields:
        written.append((number - last) << 4 | kind)
        last = number
        if kind in {_I32, _I64}:
            written += _varint(_zigzag(value))
        elif kind == _BINARY:
            written += _varint(len(value)) + value
        elif kind == _LIST:
            of, items = value
            written += bytes([len(items) << 4 | of]) if len(items) < 15 else bytes([0xF0 | of]) + _varint(len(items))
            written += b"".join(items)
        else:
            written += value
    return bytes(written) + b"\x00"


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
