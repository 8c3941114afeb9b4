"""Reading how far the first steps are, and what the pages of the configuration try out."""

import hmac
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from flask import current_app, g, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.imports.models import Import
from portal.outbox.models import Message
from portal.outbox.queries import has_mail_server
from portal.people.models import Client, Sector, Staff, Worker
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.visits.models import Visit
from portal.work.models import Work

STEPS = {
    "agency": _l("Your agency"),
    "sender": _l("Mails"),
    "team": _l("Your team"),
    "imports": _l("Your files"),
    "invitations": _l("Invitations"),
}
KINDS = {"clients": Client, "workers": Worker}
MOVING = ("scheduled", "due", "sending", "retry")
TEST = "setup.test"


def is_new() -> bool:
    """Whether nobody of the staff is known: this portal belongs to nobody yet."""
    return db.session.scalar(select(Staff.id).limit(1)) is None


def way_to_set_up() -> str | None:
    """Where a new portal is set up; None once it belongs to somebody."""
    return url_for("setup.begin") if is_new() else None


def setup_code() -> str:
    """The code that lets one become the first administrator: `K7QM-3F2X-9RDT`. It follows from the session key, so
    the terminal can show it again."""
    digest = hmac.new(str(current_app.secret_key).encode(), b"first administrator", sha256).digest()
    letters = b32encode(digest).decode()[:12]
    return "-".join(letters[start : start + 4] for start in (0, 4, 8))


def is_setup_code(typed: str) -> bool:
    """Compare a code as typed: case, blanks and hyphens do not matter."""
    plain = "".join(sign for sign in typed.upper() if sign.isalnum())
    return hmac.compare_digest(plain.encode(), setup_code().replace("-", "").encode())


@dataclass(frozen=True)
class Step:
    """One of the first steps, as the line at the top of the page shows it."""

    key: str
    label: object
    done: bool
    present: bool


def is_under_way() -> bool:
    """Whether the first steps are shown: they were begun, or whoever was made at the command line has them before them
    (without a sector no file could be brought in)."""
    state = option("agency.setup")
    return state == "open" or (not state and db.session.scalar(select(Sector.id).limit(1)) is None)


def steps(user: User, present: str) -> list[Step]:
    facts = _facts(user)
    found = db.session.execute(select(*(fact.label(step) for step, fact in facts.items()))).one()
    return _as_steps(found._mapping, present)


def _facts(user: User) -> dict[str, ColumnElement[bool]]:
    """What tells that a step is done, where the database does."""
    return {
        "sender": _tests(user).where(Message.state == "sent").exists(),
        "team": select(Staff.id).where(Staff.active).offset(1).exists(),  # somebody besides who sets it up
        "imports": or_(*(select(kind.id).exists() for kind in (Client, Worker, Visit))),
        "invitations": _invitations().exists(),
    }


def _as_steps(done: Mapping[str, object], present: str) -> list[Step]:
    facts = {"agency": option("agency.name") != "Suivi", **done}
    return [Step(key, label, bool(facts[key]), key == present) for key, label in STEPS.items()]


def open_steps(user: User) -> list[object]:
    """Names of the steps that nobody has done."""
    return [step.label for step in steps(user, "") if not step.done]


def next_step(user: User) -> str:
    """Where to go on: the first step that is not done."""
    return next((step.key for step in steps(user, "") if not step.done), "invitations")


def team() -> list[Staff]:
    """Everybody of the staff, by name, with their logins."""
    by_name = select(Staff).where(Staff.active).order_by(Staff.last_name, Staff.first_name)
    return list(db.session.scalars(by_name.options(joinedload(Staff.account))))


def all_sectors() -> list[Sector]:
    return list(db.session.scalars(select(Sector).order_by(Sector.name)))


def counts_of_files() -> dict[str, int]:
    """How many clients, workers and visits there are: what the three files have brought."""
    kinds = {"clients": Client.id, "workers": Worker.id, "visits": Visit.id}
    counted = select(*(select(func.count(column)).scalar_subquery().label(name) for name, column in kinds.items()))
    return dict(db.session.execute(counted).one()._mapping)


def unfinished_imports() -> set[str]:
    """Kinds of file that somebody has brought in and not confirmed yet."""
    return set(db.session.scalars(select(Import.kind).where(Import.state == "ready").distinct()))


def people_to_invite(kind: str) -> Select:
    """Clients or workers with an address who have no login yet."""
    person = KINDS[kind]
    return (
        select(person).where(person.active, person.email.is_not(None), person.account_id.is_(None)).order_by(person.id)
    )


def counts_to_invite() -> dict[str, int]:
    return {
        kind: db.session.scalar(select(func.count()).select_from(people_to_invite(kind).subquery())) or 0
        for kind in KINDS
    }


def counts_without_address() -> dict[str, int]:
    """Active people without an address, who cannot be invited, by kind."""
    return {
        kind: db.session.scalar(select(func.count()).where(person.active, person.email.is_(None))) or 0
        for kind, person in KINDS.items()
    }


def inviting() -> Work | None:
    """The newest job that invites people, running or over."""
    return db.session.scalar(_invitations().order_by(Work.id.desc()).limit(1))


def _invitations() -> Select[Work]:
    return select(Work).where(Work.kind == "setup.invite")


def _tests(user: User) -> Select[Message]:
    return select(Message).where(
        Message.kind == TEST, Message.subject_type == "account", Message.subject_id == user.account_id
    )


def newest_test(user: User) -> Message | None:
    """The last mail that this person has sent to themselves."""
    return db.session.scalar(_tests(user).order_by(Message.id.desc()).limit(1))


# ---- what the wires show elsewhere ----


def test_panel(user: User, _typed: Mapping[str, str]) -> Panel:
    """A mail to oneself, beside the sender's address."""
    message = newest_test(user)
    moving = message is not None and message.state in MOVING
    context = {"message": message, "moving": moving and has_mail_server(), "no_server": not has_mail_server()}
    return Panel("setup/_test_mail.html", context)


def _count(fact: str, user: User) -> Select[int] | None:
    """1 for what is so, 0 for what is not; nothing is asked once an administrator has said that it is done."""
    if Permission.CHANGE_OPTIONS not in GRANTS[user.role] or option("agency.setup") == "finished":
        return None
    facts = {**_facts(user), "sectors": select(Sector.id).exists()}
    return select(case((facts[fact], 1), else_=0))


# what the card reads, asked with the counts of the staff's home page
HOME_COUNTS = {f"setup.{fact}": partial(_count, fact) for fact in ("sectors", *STEPS) if fact != "agency"}


def home_card(_user: User) -> Panel | None:
    """*Mise en route*, until an administrator says that it is done."""
    done = {name.removeprefix("setup."): g.counts[name] for name in HOME_COUNTS if name in g.counts}
    if not done or (done["sectors"] and option("agency.setup") != "open"):
        return None
    return Panel("setup/_home_card.html", {"steps": _as_steps(done, ""), "url": url_for("staff.set_up")})
