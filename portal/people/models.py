"""Records of people, sectors, services and skills."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

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


class Versioned:
    """A record that several people edit: who saves an older version than the present one is told."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls: Any) -> dict:
        return {"version_id_col": cls.__table__.c.version}


class Sector(Versioned, db.Model):
    """A network of agencies, an agency, or a part of one: a tree."""

    __tablename__ = "sector"
    __table_args__ = (CheckConstraint("kind IN ('network', 'agency', 'sector')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"), index=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="sector")
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # told when nobody has the file in hand
    active: Mapped[bool] = mapped_column(default=True)


class Service(Versioned, db.Model):
    """A kind of work that clients receive (prestation)."""

    __tablename__ = "service"
    __table_args__ = (CheckConstraint("default_minutes > 0", name="default_minutes"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    default_minutes: Mapped[int | None]  # what a new visit is proposed to last
    regulated: Mapped[bool] = mapped_column(default=True)  # its adverse events may have to be told to authorities


class Skill(Versioned, db.Model):
    """Something that a worker can be more or less good at."""

    __tablename__ = "skill"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(default=True)

    levels: Mapped[list["SkillLevel"]] = relationship(order_by="SkillLevel.rank", cascade="all, delete-orphan")


class SkillLevel(db.Model):
    """A level of a skill; the higher the rank, the better."""

    __tablename__ = "skill_level"
    __table_args__ = (UniqueConstraint("skill_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id", ondelete="CASCADE"))
    rank: Mapped[int]
    name: Mapped[str]


class Person(Versioned):
    """What every record of a person holds."""

    id: Mapped[int] = mapped_column(primary_key=True)
    civility: Mapped[str | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str | None] = mapped_column(index=True)
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
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


class Located:
    """Where somebody lives."""

    street: Mapped[str | None]
    postcode: Mapped[str | None]
    city: Mapped[str | None]


class Staff(Person, db.Model):
    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("role IN ('coordinator', 'quality', 'admin')", name="role"),)

    role: Mapped[str]
    account: Mapped[Account | None] = relationship()
    sectors: Mapped[list[Sector]] = relationship(secondary=staff_sector)


class Client(Person, Matched, Located, db.Model):
    __tablename__ = "client"

    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"), index=True)
    file_manager_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    pets: Mapped[str | None] = mapped_column(Text)  # who comes should know of them

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
    sees_threads: Mapped[bool] = mapped_column(
        default=True
    )  # conversations and complaints of the file, to read and to write

    account: Mapped[Account | None] = relationship()
    client: Mapped[Client] = relationship(back_populates="relatives")


class Worker(Person, Matched, Located, db.Model):
    __tablename__ = "worker"

    all_sectors: Mapped[bool] = mapped_column(default=False)  # also those that are added later

    account: Mapped[Account | None] = relationship()
    sectors: Mapped[list[Sector]] = relationship(secondary=worker_sector)
    skills: Mapped[list["WorkerSkill"]] = relationship(cascade="all, delete-orphan")
    availabilities: Mapped[list["Availability"]] = relationship(
        order_by="Availability.weekday, Availability.begins", cascade="all, delete-orphan"
    )
    absences: Mapped[list["Absence"]] = relationship(order_by="Absence.first_day", cascade="all, delete-orphan")


class WorkerSkill(db.Model):
    """A skill that a worker has, and how well."""

    __tablename__ = "worker_skill"

    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id", ondelete="CASCADE"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"), primary_key=True, index=True)
    level_id: Mapped[int | None] = mapped_column(ForeignKey("skill_level.id"))

    skill: Mapped[Skill] = relationship()
    level: Mapped[SkillLevel | None] = relationship()


MIDNIGHT = time(23, 59)  # the end of a day: a clock has no 24:00


class Availability(db.Model):
    """Hours of a day of the week at which a worker can be sent out, by the agency's wall clock."""

    __tablename__ = "availability"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("begins < ends", name="order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]  # 0 is Monday
    begins: Mapped[time]
    ends: Mapped[time]

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}–{time(0) if self.ends == MIDNIGHT else self.ends:%H:%M}"


class Absence(db.Model):
    """Days on which a worker is not there, both included."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="order"),
        CheckConstraint("reason IN ('leave', 'sick', 'training', 'other')", name="reason"),
        Index("ix_absence_worker_days", "worker_id", "first_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id", ondelete="CASCADE"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str]


class SearchToken(db.Model):
    """A word by which a record of a person is found: folded, so that accents, case and script do not matter."""

    __tablename__ = "search_token"

    # compared sign by sign on either engine, so that the words that begin with some letters lie side by side
    token: Mapped[str] = mapped_column(String().with_variant(String(collation="C"), "postgresql"), primary_key=True)
    person_type: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_search_token_person", "person_type", "person_id"),)


Anybody = Client | Relative | Worker | Staff


def set_name(person: Client | Worker, first_name: str, last_name: str) -> None:
    """Name a client or a worker, and keep the key by which imports find them."""
    person.first_name, person.last_name = first_name, last_name
    person.match_key = fold_name(f"{first_name} {last_name}")
