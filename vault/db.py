"""PostgreSQL: rows, units of work, the four roles.

Does: the declarative base, rows that carry a MAC (``Guarded``), sessions that know the key ring and
the moment they began, one retry wrapper, and a plain asyncpg pool for the release path.
Trusts: the server for durability and isolation, not for the truth of rows that give power.
Promises: a guarded row is sealed when written and checked when loaded, by construction; the
application connects as ``vault_app``, the sequencer as ``vault_ledger``, oversight as
``vault_regulator``, never as the owner.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, ClassVar, Concatenate, Final, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, QueryContext, declared_attr, mapped_column, object_session
from sqlalchemy.orm import Session as SyncSession

from vault import ids
from vault.clock import Clock
from vault.crypto.canonical import b64
from vault.crypto.keyring import KeyRing
from vault.crypto.rowmac import check_row, row_mac
from vault.errors import BadConfiguration, Tampered, Unavailable

APP: Final = "vault_app"
LEDGER: Final = "vault_ledger"
REGULATOR: Final = "vault_regulator"
OWNER: Final = "vault_owner"
RUN_TIME_ROLES: Final = (APP, LEDGER, REGULATOR)

RETRYABLE: Final = frozenset({"40001", "40P01", "25006", "57P01", "57P02", "57P03"})
_TRIES: Final = 4
_PLANS: Final = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}
"""Every statement of the pool finds its rows by key: plan it once, and never to read a table through."""
P = ParamSpec("P")
T = TypeVar("T")


class Base(DeclarativeBase):
    """Every table. ``Table.info``: ``shard`` (the key it is distributed by, absent for global tables) and
    ``grants`` (privileges per run-time role; default: everything but DDL to ``vault_app``)."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: sa.BigInteger(),
        str: sa.Text(),
        bytes: sa.LargeBinary(),
        UUID: sa.Uuid(),
        datetime: sa.TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
        list[str]: JSONB(none_as_null=True),
        list[dict[str, Any]]: JSONB(none_as_null=True),
        **dict.fromkeys(ids.TYPES, sa.Uuid()),
    }


class Guarded:
    """Mix-in for rows that give power: ``guarded`` names the columns under the MAC besides the primary key.

    ``version`` counts the changes of the row and is under the MAC too; a concurrent change raises
    StaleDataError. Counters that change on every use stay outside ``guarded`` and outside the ORM.
    """

    __table__: ClassVar[Any]
    __tablename__: Any
    guarded: ClassVar[tuple[str, ...]] = ()

    version: Mapped[int] = mapped_column(default=1)
    mac: Mapped[bytes] = mapped_column()

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version, "version_id_generator": False}

    @classmethod
    def guarded_columns(cls) -> tuple[str, ...]:
        """Primary key, guarded columns, version: what the MAC covers."""
        return (*(column.name for column in cls.__table__.primary_key), *cls.guarded, "version")

    @classmethod
    def check(cls, ring: KeyRing, row: Mapping[str, object]) -> None:
        """Check a row that was loaded by plain SQL. Raises Tampered."""
        check_row(ring, cls.__tablename__, {name: row[name] for name in cls.guarded_columns()}, _mac_of(row["mac"]))


def _mac_of(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise Tampered(private="row MAC is missing")
    return value


def _values(row: Guarded) -> dict[str, object]:
    return {name: getattr(row, name) for name in type(row).guarded_columns()}


@event.listens_for(Guarded, "before_insert", propagate=True)
def _seal_new(_mapper: Mapper[Any], _connection: sa.Connection, row: Guarded) -> None:
    row.version = 1
    row.mac = row_mac(_ring(object_session(row)), row.__tablename__, _values(row))


@event.listens_for(Guarded, "before_update", propagate=True)
def _seal_changed(_mapper: Mapper[Any], _connection: sa.Connection, row: Guarded) -> None:
    session = object_session(row)
    if session is not None and session.is_modified(row, include_collections=False):
        row.version += 1
        row.mac = row_mac(_ring(session), row.__tablename__, _values(row))


@event.listens_for(Guarded, "load", propagate=True)
def _check_loaded(row: Guarded, context: QueryContext) -> None:
    check_row(_ring(context.session), row.__tablename__, _values(row), row.mac)


@event.listens_for(Guarded, "refresh", propagate=True)
def _check_refreshed(row: Guarded, context: QueryContext, _names: object) -> None:
    check_row(_ring(context.session), row.__tablename__, _values(row), row.mac)


def _ring(session: SyncSession | None) -> KeyRing:
    if session is None or "ring" not in session.info:
        raise BadConfiguration("a guarded row needs a session with a key ring")
    ring: KeyRing = session.info["ring"]
    return ring


class Session(AsyncSession):
    """One unit of work. ``ring`` and ``now`` (the moment it began) belong to it."""

    @property
    def ring(self) -> KeyRing:
        """The key ring, narrowed to what this process needs."""
        return _ring(self.sync_session)

    @property
    def now(self) -> datetime:
        """The moment this unit of work began; the same for everything in it."""
        moment: datetime = self.sync_session.info["now"]
        return moment


def login_name(role: str, ring: KeyRing) -> str:
    """The database login that belongs to this installation and is a member of the role."""
    return f"{role}_{ring.id}"


def login_password(role: str, ring: KeyRing) -> str:
    """The login's password, derived from the ring so that every node of an installation agrees."""
    return b64(ring.derive("database", role.encode()))


def role_url(admin_url: str, role: str, ring: KeyRing) -> sa.URL:
    """The URL by which a process connects in one of the run-time roles."""
    url = sa.make_url(admin_url)
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise BadConfiguration("DATABASE_URL must be a postgresql:// address.")
    return url.set(
        drivername="postgresql+asyncpg", username=login_name(role, ring), password=login_password(role, ring)
    )


def _decode_json(text: str) -> object:
    return msgspec.json.decode(text)


async def _set_codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda v: msgspec.json.encode(v).decode(), decoder=_decode_json
    )


async def _leave(_: asyncpg.Connection) -> None:
    """Nothing to reset, a round trip saved: users of the pool set nothing; open transactions end all the same."""


class Database:
    """Connections in each run-time role. Make one per process, ``close`` it at the end."""

    def __init__(self, admin_url: str, ring: KeyRing, clock: Clock, *, pool_size: int = 8) -> None:
        self.ring = ring
        self.clock = clock
        self._pool_size = pool_size
        self._urls = {role: role_url(admin_url, role, ring) for role in RUN_TIME_ROLES}
        self._engines = {
            role: create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=10,
                json_serializer=lambda value: msgspec.json.encode(value).decode(),
                json_deserializer=_decode_json,
                connect_args={"timeout": 5, "server_settings": {"application_name": f"pivault {role}"}},
            )
            for role, url in self._urls.items()
        }
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def begin(self, role: str = APP) -> AsyncIterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with Session(
            self._engines[role], expire_on_commit=False, info={"ring": self.ring, "now": self.clock.now()}
        ) as session:
            try:
                async with session.begin():
                    yield session
            except (ConnectionError, TimeoutError) as error:
                raise Unavailable("The database does not answer.", private=str(error)) from error

    async def run(self, act: Callable[Concatenate[Session, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an act in a transaction of its own, again if the database asks for it."""
        for attempt in range(_TRIES):
            try:
                async with self.begin() as session:
                    return await act(session, *args, **kwargs)
            except SQLAlchemyError as error:
                if not is_retryable(error):
                    raise
                if attempt == _TRIES - 1:
                    raise Unavailable("The database is busy.", private=str(sqlstate(error))) from error
                await asyncio.sleep(0.02 * 2**attempt)
        raise AssertionError("unreachable")

    async def pool(self) -> asyncpg.Pool:
        """The plain asyncpg pool in the role ``vault_app``, for the release path."""
        if self._pool is None:
            bounds = {"min_size": 1, "max_size": self._pool_size, "command_timeout": 10, "timeout": 5}
            self._pool = await asyncpg.create_pool(
                self.dsn(APP),
                **bounds,
                init=_set_codecs,
                reset=_leave,
                server_settings=_PLANS | {"application_name": "pivault pool"},
            )
        return self._pool

    async def connect(self, role: str) -> asyncpg.Connection:
        """A plain connection of its own: for the sequencer and for listening."""
        return await asyncpg.connect(self.dsn(role), timeout=5)

    def dsn(self, role: str) -> str:
        """The address in asyncpg's form; holds a password, never log it."""
        return self._urls[role].set(drivername="postgresql").render_as_string(hide_password=False)

    async def close(self) -> None:
        """Give every connection back."""
        if self._pool is not None:
            await self._pool.close()
        for engine in self._engines.values():
            await engine.dispose()


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a driver's error, if it has one."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None)


def constraint(error: BaseException) -> str | None:
    """The name of the constraint that a statement broke, if it broke one."""
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if name:
            return str(name)
        cause = cause.__cause__
    return None


def is_retryable(error: BaseException) -> bool:
    """Whether the same unit of work may simply be tried again (design rule: 40001, 40P01, 25006, 57P0x, 08xxx)."""
    state = sqlstate(error)
    return state is not None and (state in RETRYABLE or state.startswith("08"))


def is_out_of_resources(error: BaseException) -> bool:
    """Whether the server's disk, memory or connections are used up, or its disk fails (SQLSTATE classes 53 and 58)."""
    state = sqlstate(error)
    return state is not None and state.startswith(("53", "58"))
