"""Rows of the register of staff. Global: not distributed."""

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from vault.db import APP, REGULATOR, Base, Guarded
from vault.ids import StaffId

_APPEND: Final = {APP: "SELECT, INSERT"}
_REGISTER: Final = {APP: "SELECT, INSERT, UPDATE", REGULATOR: "SELECT"}


class Staff(Guarded, Base):
    """A named officer or regulator, with public keys and roles. Never deleted: entries and signatures name them."""

    __tablename__ = "staff"
    __table_args__ = (
        sa.CheckConstraint("realm IN ('officer', 'regulator')", name="realm"),
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name="status"),
        sa.CheckConstraint("octet_length(box_public) = 32 AND octet_length(signing_public) = 32", name="keys"),
        {"info": {"grants": _REGISTER}},
    )
    guarded = ("realm", "name", "organisation", "unit", "roles", "box_public", "signing_public", "status")

    id: Mapped[StaffId] = mapped_column(primary_key=True)
    realm: Mapped[str]
    name: Mapped[str]
    organisation: Mapped[str]
    unit: Mapped[str]
    roles: Mapped[list[str]]
    box_public: Mapped[bytes]
    signing_public: Mapped[bytes]
    status: Mapped[str]


class MandateRow(Guarded, Base):
    """What a regulator may ask and do, where and until when. One at a time is in force; none: no access at all.

    ``sectors``: categories of purposes; ``regions``: beginnings of division codes (GB/T 2260); null: the whole system.
    ``granted_by`` null: the founding ceremony.
    """

    __tablename__ = "mandates"
    __table_args__ = (
        sa.CheckConstraint("status IN ('proposed', 'in_force', 'declined', 'ended')", name="status"),
        sa.CheckConstraint("valid_from < valid_until", name="validity"),
        sa.Index("uq_mandates_in_force", "regulator_id", unique=True, postgresql_where=sa.text("status = 'in_force'")),
        {"info": {"grants": _REGISTER}},
    )
    guarded = (
        "regulator_id",
        "sectors",
        "regions",
        "powers",
        "valid_from",
        "valid_until",
        "status",
        "reason",
        "granted_by",
        "second",
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    regulator_id: Mapped[StaffId]
    sectors: Mapped[list[str] | None]
    regions: Mapped[list[str] | None]
    powers: Mapped[list[str]]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    status: Mapped[str]
    reason: Mapped[str]
    granted_by: Mapped[StaffId | None]
    second: Mapped[StaffId | None]


class RoleKey(Guarded, Base):
    """The public half of a role's key (X25519). A new number is a new key; old ones stay for opening."""

    __tablename__ = "role_keys"
    __table_args__ = (
        sa.CheckConstraint("number >= 1", name="number"),
        sa.CheckConstraint("octet_length(public) = 32", name="public"),
        {"info": {"grants": _APPEND}},
    )
    guarded = ("public",)

    role: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public: Mapped[bytes]


class RoleKeyHolder(Base):
    """A role's secret sealed to one holder. Needs no MAC: the secret is checked against the public half when opened."""

    __tablename__ = "role_key_holders"
    __table_args__ = ({"info": {"grants": {APP: "SELECT, INSERT, DELETE"}}},)

    role: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[StaffId] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
