"""The short report of clients and workers on their portal: what it offers, the draft between its two screens, what it
says once it is sent. Staff complete it.

An anonymous one keeps nothing from which who wrote it could be told: no visit, no capacity, no draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.drafts import drop_draft
from portal.adverse_events.models import EventDraft, Mode
from portal.adverse_events.moments import linkable_until, refuse_later_visit
from portal.adverse_events.queries import default_supervisor
from portal.adverse_events.report import Report, closed_on_portal
from portal.adverse_events.reporting import Declared, declare_event, declared
from portal.adverse_events.words import MODULE, OTHER_CATEGORY
from portal.errors import Refused
from portal.extensions import db
from portal.forms import number_in
from portal.i18n import day as day_words
from portal.i18n import language, time_of_day, zone
from portal.links import new_public_id
from portal.organisation.lists import entries
from portal.organisation.models import ListName
from portal.people.models import Client
from portal.portals import portal_of
from portal.settings.queries import option
from portal.threads.actions import person_of
from portal.threads.queries import is_staff
from portal.visits.models import State, Visit
from portal.visits.queries import visible_visits

REACH = timedelta(days=60)  # how old a visit can be that is offered
MOST_VISITS, BEGINNING = 40, 100
CODE_SHOWN = timedelta(minutes=10)  # within which the same form, sent again, shows its code again


@dataclass(frozen=True)
class Gravity:
    """How grave it is, in plain words, and what that stands for on the scales of the staff's form."""

    label: object
    severity: int
    potential: int
    nature: str


GRAVITIES = {
    "near": Gravity(_l("Nothing happened, but it could have turned out badly"), 1, 3, "near_miss"),
    "nuisance": Gravity(_l("A nuisance: nobody was hurt"), 1, 1, "incident"),
    "light": Gravity(_l("Somebody was hurt or upset a little, without danger"), 2, 2, "accident"),
    "care": Gravity(_l("Somebody needs care: a doctor, a nurse, stitches"), 3, 3, "accident"),
    "grave": Gravity(_l("Very grave: hospital, assault, abuse, somebody in danger"), 4, 4, "accident"),
    "lasting": Gravity(_l("Somebody died, or will not recover"), 5, 5, "accident"),
}


@dataclass(frozen=True)
class What:
    """The first screen: when, with whom, what about, what happened."""

    happened_at: datetime
    client_id: int | None
    visit_id: int | None
    category_id: int
    facts: str


@dataclass(frozen=True)
class Sending:
    """The second screen: how grave, was rescue called, with a name or not."""

    gravity: Gravity
    rescue: bool
    mode: str


def report_url(user: User, visit: Visit) -> str | None:
    """Where a client or a worker reports an adverse event on a visit, if they can."""
    near = visit.starts_at < linkable_until(clock.now()) and visit.state not in (State.DRAFT, State.CANCELLED)
    if is_staff(user) or not (option(MODULE) and option("adverse_events.portal") and user.sees_threads and near):
        return None
    if not visit.client.active:
        return None
    return url_for(f"{portal_of(user.role).name}.begin_report", visit=visit.id)


# ---- what is offered ----


def subjects_for(user: User, visit_id: int | None = None) -> dict[str, str]:
    """With which client, on which visit: what can be chosen, newest first, by `visit:17` and `client:5`. Nothing of a
    client whose record is closed.

    Args:
        visit_id: a visit that is offered however old it is, if this person may see it.
    """
    visits = db.session.scalars(_visits(user, visit_id)).all()
    of_visits = {f"visit:{one.id}": _visit_words(user, one) for one in visits}
    if user.client_id:
        return {**of_visits, f"client:{user.client_id}": _("On no visit of these")}
    clients = {one.client.id: one.client.name for one in visits}
    names = sorted(clients.items(), key=lambda pair: pair[1])
    others = {f"client:{number}": _("%(client)s, on no visit of these", client=name) for number, name in names}
    return {**of_visits, **others, "none": _("No client is concerned")}


def _visits(user: User, visit_id: int | None) -> Select[Visit]:
    now = clock.now()
    near = (Visit.starts_at >= now - REACH) & (Visit.starts_at < linkable_until(now))
    recent = near & (Visit.state != State.CANCELLED)
    wanted = recent if visit_id is None else recent | (Visit.id == visit_id)
    in_use = Visit.client_id.in_(select(Client.id).where(Client.active))
    return (
        visible_visits(user).where(wanted, in_use).order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(MOST_VISITS)
    )


def closed_choice(user: User, subject: str) -> Refused | None:
    """Why a choice is not offered any more: the record of its client is closed."""
    type_, _colon, number = subject.partition(":")
    column = {"visit": Visit.id, "client": Visit.client_id}.get(type_)
    if column is None or (known := number_in(number)) is None:
        return None
    went = visible_visits(user).where(column == known).with_only_columns(Visit.client_id)
    client = db.session.scalar(select(Client).where(Client.id.in_(went), ~Client.active))
    return closed_on_portal(client.name) if client else None


def _visit_words(user: User, visit: Visit) -> str:
    who = visit.service.name if user.client_id else f"{visit.client.name} · {visit.service.name}"
    return f"{day_words(visit.starts_at)} {time_of_day(visit.starts_at)} · {who}"


def client_of(user: User, visit_id: int) -> int | None:
    """Whose visit it is, of those that this person may see."""
    return db.session.scalar(visible_visits(user).where(Visit.id == visit_id).with_only_columns(Visit.client_id))


def refuse_visit(user: User, visit_id: int, moment: datetime) -> None:
    """Refuse a visit of a later day than the event."""
    visit = db.session.scalar(visible_visits(user).where(Visit.id == visit_id))
    if visit is not None:
        refuse_later_visit(visit, moment)


def categories() -> dict[str, str]:
    """What it is about: the agency's categories, without the finer ones."""
    return {str(one.id): one.label(language()) for one in entries(ListName.EVENT) if one.parent_id is None}


def moment_of(day: date, hour: time) -> datetime:
    """The moment that the agency's wall clock shows; of an hour that comes twice the later one, once it is past.

    Raises:
        Refused: `day`: it is still to come.
    """
    first, second = (datetime.combine(day, hour.replace(fold=fold), zone()).astimezone(UTC) for fold in (0, 1))
    if first > clock.now():
        raise Refused(_l("This moment is still to come: please say when it happened."), "day")
    return second if second <= clock.now() else first


# ---- the draft ----


def drafts_of(user: User) -> Sequence[EventDraft]:
    """What this person has begun to report and not sent, newest first."""
    type_, number = person_of(user)
    own = EventDraft.person_type == type_, EventDraft.person_id == number
    return db.session.scalars(select(EventDraft).where(*own).order_by(EventDraft.saved_at.desc())).all()


def draft_of(user: User, draft_id: int) -> EventDraft | None:
    return next((draft for draft in drafts_of(user) if draft.id == draft_id), None)


def save_draft(user: User, token: str, screen: str, typed: Mapping[str, object]) -> EventDraft:
    """Keep what was typed on one of the screens, valid or not, so that it is there when its author comes back."""
    draft = next((one for one in drafts_of(user) if one.token == token), None)
    if draft is None:
        if declared(token):  # somebody went back after sending: what they change is another report
            token = new_public_id()
        type_, number = person_of(user)
        draft = EventDraft(token=token, person_type=type_, person_id=number, step=screen, typed={})
        db.session.add(draft)
    draft.typed, draft.step, draft.saved_at = {**draft.typed, screen: dict(typed)}, screen, clock.now()
    db.session.flush()
    return draft


# ---- sending ----


def send(user: User, draft: EventDraft, what: What, sending: Sending) -> Declared:
    """Report what stands on both screens, with the files of the draft, which is gone with it.

    Raises:
        Refused: with the name of the field as its code.
    """
    made = declare_event(user, _report(user, draft, what, sending))
    drop_draft(draft, sent=True)
    return made


def sent_before(token: str) -> Declared | None:
    """What this form has reported already. Its code is known for some minutes: an answer can be lost on the way, and
    later nobody else at the same screen shall read it."""
    twin = declared(token)
    if twin is None or twin.event.declared_at > clock.now() - CODE_SHOWN:
        return twin
    return Declared(twin.event, None)


def _report(user: User, draft: EventDraft, what: What, sending: Sending) -> Report:
    nameless, named = sending.mode == Mode.ANONYMOUS, sending.mode == Mode.NAMED
    other = next((one.id for one in entries(ListName.EVENT) if one.code == OTHER_CATEGORY), None)
    gravity = sending.gravity
    client = db.session.get(Client, what.client_id) if what.client_id else None
    return Report(
        token=draft.token, capacity=_capacity(user), mode=sending.mode, short=True,
        discovered_at=what.happened_at, occurred_at=what.happened_at, place="home" if client else "other",
        nature=gravity.nature, categories=[what.category_id],
        other_category=what.facts[:BEGINNING] if what.category_id == other else "", facts=what.facts,
        severity=gravity.severity, potential=gravity.potential, client_id=what.client_id,
        sector_id=client.sector_id if client else None, visit_id=None if nameless else what.visit_id,
        worker_id=user.worker_id if named and what.visit_id else None,
        supervisor_id=default_supervisor(client), measures=["rescue"] if sending.rescue else [],
        files=list(draft.files),
    )  # fmt: skip


def _capacity(user: User) -> str:
    return "worker" if user.worker_id else "relative" if user.relative_id else "client"
