"""Records of people, sectors and services."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import Account
from portal.extensions import UTC, db
from portal.folding import fold_name

worker_sector = Table(
    "worker_sector",
    db.metadata,
    Column("worker_id", ForeignKey("worker.id", ondelete="CASCADE"), primary_key=True),
    Column("sector_id", ForeignKey("sector.id"), primary_key=True, index=True),
)
staff_sector = Table(
    "staff_sector",
    db.metadata,
    Column("staff_id", ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    Column("sector_id", ForeignKey("sector.id"), primary_key=True, index=True),
)


class Sector(db.Model):
    """An agency or a part of one."""

    __tablename__ = "sector"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)


class Service(db.Model):
    """A kind of work that clients receive (prestation)."""

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)


class Person:
    """What every record of a person holds."""

    id: Mapped[int] = mapped_column(primary_key=True)
    civility: Mapped[str | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None]
    language: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Matched:
    """A person whom imports find by name or by the key of another program."""

    match_key: Mapped[str] = mapped_column(index=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)


class Staff(Person, db.Model):
    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role IN ('coordinator', 'quality', 'admin')", name="role"),)

    role: Mapped[str]
    account: Mapped[Account | None] = relationship()
    sectors: Mapped[list[Sector]] = relationship(secondary=staff_sector)


class Client(Person, Matched, db.Model):
    __tablename__ = "client"

    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"), index=True)
    file_manager_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)

    account: Mapped[Account | None] = relationship()
    sector: Mapped[Sector] = relationship()
    file_manager: Mapped[Staff | None] = relationship()
    relatives: Mapped[list["Relative"]] = relationship(back_populates="client")


class Relative(Person, db.Model):
    """Somebody close to a client, with an account on the client's file."""

    __tablename__ = "relative"

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    relation: Mapped[str | None]  # to the client, in the agency's words: daughter, neighbour
    may_rate: Mapped[bool] = mapped_column(default=True)
    sees_upcoming: Mapped[bool] = mapped_column(default=True)  # visits that are still to come
    sees_ratings: Mapped[bool] = mapped_column(default=True)  # stars and comments of the file

    account: Mapped[Account | None] = relationship()
    client: Mapped[Client] = relationship(back_populates="relatives")


class Worker(Person, Matched, db.Model):
    __tablename__ = "worker"

    account: Mapped[Account | None] = relationship()
    sectors: Mapped[list[Sector]] = relationship(secondary=worker_sector)


def set_name(person: Client | Worker, first_name: str, last_name: str) -> None:
    """Name a client or a worker, and keep the key by which imports find them."""
    person.first_name, person.last_name = first_name, last_name
    person.match_key = fold_name(f"{first_name} {last_name}")
