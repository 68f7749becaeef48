"""Guarded tables, loaded by plain SQL: what to select, and the checked rows from what came back. No I/O here."""

from typing import Any, NamedTuple

import msgspec
from sqlalchemy.dialects.postgresql import JSONB

from vault.crypto.canonical import digest
from vault.crypto.keyring import KeyRing
from vault.crypto.remembered import Remembered
from vault.crypto.rowmac import check_row
from vault.db import Guarded
from vault.profile.opening import Signed
from vault.release.loaded import Row

Verdicts = Remembered[tuple[str, tuple[Any, ...]], Row]
Fitted = Remembered[bytes, bool]
"""The rows whose MAC fitted, as the signatures that held: 32 bytes for each, so that very many may be remembered."""


class Before(NamedTuple):
    """What verified before: whole rows whose MAC fitted (None: their digests are remembered, for batches, whose lines
    are of very many people), and versions whose signature did."""

    verdicts: Verdicts | None
    fitted: Fitted
    signed: Signed


class Guard:
    """How a guarded table is loaded by plain SQL: what to select, and the checked row from what came back."""

    def __init__(self, model: type[Guarded], alias: str, *beside: str) -> None:
        self._table = str(model.__table__.name)
        self._guarded = model.guarded_columns()
        self._names = (*self._guarded, "mac", *beside)
        columns = model.__table__.columns
        self._json = tuple(name for name in self._names if isinstance(columns[name].type, JSONB))
        self.columns = f"ROW({', '.join(self._column(alias, name) for name in self._names)})"

    def _column(self, alias: str, name: str) -> str:
        return f"{alias}.{name}::text" if name in self._json else f"{alias}.{name}"

    def row(self, ring: KeyRing, values: tuple[Any, ...], before: Before | None = None) -> Row:
        """The row by column name. Raises Tampered when its MAC does not fit, or when there is no such row.

        ``before``: rows whose MAC fitted, by table and every value that came, the MAC too, or by a digest of these. A
        row in which anything is different is not among them.
        """
        if before is None:
            return self._checked(ring, values)
        if before.verdicts is None:
            whole = digest(msgspec.msgpack.encode((self._table, values)))  # no two of them are encoded alike
            if before.fitted.get(whole):
                return self._read(values)
            row = self._checked(ring, values)
            before.fitted.put(whole, True)
            return row
        asked = (self._table, values)
        known = before.verdicts.get(asked)
        return before.verdicts.put(asked, self._checked(ring, values)) if known is None else known

    def _checked(self, ring: KeyRing, values: tuple[Any, ...]) -> Row:
        row = self._read(values)
        check_row(ring, self._table, {name: row[name] for name in self._guarded}, row["mac"])
        return row

    def _read(self, values: tuple[Any, ...]) -> Row:
        row = dict(zip(self._names, values, strict=True))
        for name in self._json:
            if row[name] is not None:
                row[name] = msgspec.json.decode(row[name])
        return row
