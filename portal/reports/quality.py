"""*Suivi qualité clients*: every rating with its comment, by the day of the visit."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, true
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal import clock
from portal.accounts.models import User
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable, Figure, Offer, Spread, Summary, Totals
from portal.forms import STAR_WORDS, choices
from portal.i18n import mean, start_of_day
from portal.people.models import Client, Sector, Service, Staff, Worker, staff_sector
from portal.people.queries import branch, is_named, visible_clients, visible_sectors
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.reports.feedback_cut import in_perimeter
from portal.reports.measuring import sum_over
from portal.roles import Permission, Role
from portal.tables.queries import addresses_of
from portal.visits.models import Visit
from portal.visits.queries import visible_visits

SOURCES = {
    "portal": _l("On the portal"),
    "mail": _l("By mail"),
    "sms": _l("By text message"),
    "staff": _l("Entered by the agency"),
}
COMMENTS = {"with": _l("With a comment"), "without": _l("Without a comment")}


class QualityFilter(ControlFilter):
    about_period = _l("The day of the visit counts, not the day on which it was rated.")

    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    client = StringField(_l("Client"), validators=[Length(max=100)])
    manager = SelectField(_l("Manager"), choices=[])
    sector = SelectField(_l("Sector, with those below"), choices=[])
    service = SelectField(_l("Service"), choices=[])
    source = SelectField(_l("Source"), choices=[], default="")
    comment = SelectField(_l("Comment"), choices=[], default="")
    stars = SelectMultipleField(_l("Stars"), coerce=str, choices=[])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.source.choices = choices(SOURCES, _l("All sources"))
        self.comment.choices = choices(COMMENTS, _l("With or without"))
        self.stars.choices = [SelectChoice(value=str(stars), label=str(stars)) for stars in sorted(STAR_WORDS)]


def rows(user: User, form: ControlFilter) -> Select:
    """Ratings of visits that this person may see, of the days on which the visits were where they took place: those
    that every figure of a period counts. What only names things is joined loosely: sums then leave it out."""
    first, last = form.days()
    begin, end = start_of_day(first), start_of_day(last + A_DAY)
    # few visits are rated: unless the period is long ago, all ratings since then are fewer than its visits
    since, length = clock.now() - begin, end - begin
    starting = _from_ratings if length * 10 > since else _from_visits
    return (
        starting(user, begin - A_DAY, end + A_DAY)
        .where(_DAY.between(first, last))
        .outerjoin(Client, Client.id == RatingSubject.client_id)
        .outerjoin(Service, Service.id == RatingSubject.service_id)
        .outerjoin(Sector, Sector.id == RatingSubject.sector_id)
        .outerjoin(Staff, Staff.id == RatingSubject.manager_id)
        .where(*_conditions(form.data))
    )


A_DAY = timedelta(days=1)
# asked of each rating: they are found by moments
_DAY = func.coalesce(RatingSubject.day, RatingSubject.day)


def _from_visits(user: User, begin: datetime, end: datetime) -> Select:
    return (
        visible_visits(user)
        .join(RatingSubject, RatingSubject.visit_id == Visit.id)
        .join(Rating, Rating.subject_id == RatingSubject.id)
        .where(Visit.starts_at >= begin, Visit.starts_at < end)
    )


def _from_ratings(user: User, begin: datetime, end: datetime) -> Select:
    """The same, by the day of the rating first, which is never before that of the visit: visits are looked up one by
    one, never searched for in an index."""
    seen = visible_visits(user).where(Visit.id == RatingSubject.visit_id).correlate(RatingSubject).exists()
    starts_at = func.coalesce(Visit.starts_at, Visit.starts_at)
    return (
        select(Rating)
        .join(RatingSubject, RatingSubject.id == Rating.subject_id)
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .where(Rating.left_at >= begin, starts_at >= begin, starts_at < end, seen)
    )


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What narrows the ratings besides the period."""
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "worker": _rates_worker,
        "client": _is_of_client,
        "manager": lambda number: RatingSubject.manager_id == int(number),
        "sector": lambda number: _is_below(int(number)),
        "service": lambda number: RatingSubject.service_id == int(number),
        "source": lambda channel: Rating.channel == channel,
        "comment": lambda which: _HAS_COMMENT if which == "with" else ~_HAS_COMMENT,
        "stars": lambda several: Rating.stars.in_([int(stars) for stars in several]),
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


_HAS_COMMENT = func.coalesce(Rating.comment, "") != ""


# asked of each rating of the period, not of all that were ever left: hence no `IN`


def _rates_worker(name: str) -> ColumnElement[bool]:
    rated = RatedWorker.subject_id == RatingSubject.id, Worker.id == RatedWorker.worker_id
    return select(Worker.id).where(*rated, is_named(Worker, name)).correlate(RatingSubject).exists()


def _is_of_client(name: str) -> ColumnElement[bool]:
    of_name = Client.id == RatingSubject.client_id, is_named(Client, name)
    return select(Client.id).where(*of_name).correlate(RatingSubject).exists()


def _is_below(sector_id: int) -> ColumnElement[bool]:
    below = branch(sector_id)
    return below.where(below.selected_columns.id == RatingSubject.sector_id).correlate(RatingSubject).exists()


def named(kind: type[Client | Staff | Worker]) -> ColumnElement[str]:
    return func.trim(kind.first_name + " " + kind.last_name)


def _workers(name: ColumnElement[str], of_all: Callable[[ColumnElement[str]], Any]) -> Any:
    """Of those who were rated, as they were when the visit ended."""
    rated = (
        select(name.label("name"))
        .join(RatedWorker, RatedWorker.worker_id == Worker.id)
        .where(RatedWorker.subject_id == RatingSubject.id)
        .order_by(Worker.last_name, Worker.id)
        .correlate(RatingSubject)
        .subquery("rated")
    )
    return select(of_all(rated.c.name)).scalar_subquery()


# ---- the figures above it ----

_COUNTED = Rating.excluded_at.is_(None)


_BY_CLIENT, _BY_STAFF = _COUNTED & (Rating.channel != "staff"), _COUNTED & (Rating.channel == "staff")
SUMS = {
    "excluded": sum_over(~_COUNTED),
    "clients": sum_over(_BY_CLIENT),
    "clients_stars": sum_over(_BY_CLIENT, Rating.stars),
    "staff": sum_over(_BY_STAFF),
    "staff_stars": sum_over(_BY_STAFF, Rating.stars),
    **{f"stars_{stars}": sum_over(_COUNTED & (Rating.stars == stars)) for stars in sorted(STAR_WORDS)},
}


def tell(sums: Mapping[str, Any]) -> Summary:
    """Say how many ratings there are and what they come to. Excluded ones are listed, and count for nothing else."""
    n, excluded = sums["clients"] + sums["staff"], sums["excluded"]
    left_out = ngettext(
        "%(num)s of them excluded from the average", "%(num)s of them excluded from the average", excluded
    )
    figures = [
        Figure(_("Ratings"), str(sums["n"]), left_out if excluded else ""),
        _average(_("Average"), sums["clients_stars"] + sums["staff_stars"], n),
        _average(_("Given by clients themselves"), sums["clients_stars"], sums["clients"]),
        _average(_("Entered by the agency"), sums["staff_stars"], sums["staff"]),
    ]
    spread = [(ngettext("%(num)s star", "%(num)s stars", stars), int(sums[f"stars_{stars}"]))
              for stars in sorted(STAR_WORDS, reverse=True)]  # fmt: skip
    return Summary(figures, [Spread(_("Stars given"), spread)])


def _average(label: str, total: int, n: int) -> Figure:
    return Figure(label, f"{mean(total / n)} / 5" if n else "—", f"n = {n}")


# ---- where a click leads ----


def _visit_page() -> Callable[[Row], str]:
    address = addresses_of("staff.show_visit", "visit_id")
    return lambda row: address(row.visit_id)


def client_page() -> Callable[[Row], str | None]:
    """The file of a client who has moved to another sector since the visit opens to those alone who see all."""
    address, sees_all = addresses_of("staff.show_client", "client_id"), g.user.role in (Role.QUALITY, Role.ADMIN)
    return lambda row: address(row.client_id) if row.at_home or sees_all else None


def _mark(row: Row) -> str:
    return "excluded" if row.excluded_at else ""


# ---- what the filters offer ----


def managers(user: User) -> Select:
    """Those who have a file of this person's perimeter in hand, or had one when a visit of it took place. Who is of
    other sectors altogether now is found by those who see all: their visits would be read one by one."""
    of_clients = visible_clients(user).with_only_columns(Client.file_manager_id)
    here = RatingSubject.manager_id == Staff.id, in_perimeter(user, RatingSubject.sector_id)
    had = select(RatingSubject.id).where(*here).correlate(Staff).exists()
    of_sectors = select(staff_sector.c.staff_id).where(in_perimeter(user, staff_sector.c.sector_id))
    near = true() if user.role in (Role.QUALITY, Role.ADMIN) else Staff.id.in_(of_sectors)
    return select(Staff.id, named(Staff)).where(or_(Staff.id.in_(of_clients), near & had))


def sectors(user: User) -> Select:
    return visible_sectors(user).with_only_columns(Sector.id, Sector.name)


def services(_user: User) -> Select:
    return select(Service.id, Service.name)


QUALITY = ControlTable(
    name="quality",
    title=_l("Client quality follow-up"),
    family=_l("Visits"),
    intro=_l("Every rating with its comment: who was rated, by whom, with how many stars, and the average."),
    section=_l("Analysis"),
    rule="/controls/quality",
    permission=Permission.SEE_RATINGS,
    module="ratings.enabled",
    form=QualityFilter,
    rows=rows,
    key=Rating.id,
    sort="-visit",
    extra=(Visit.id.label("visit_id"), RatingSubject.client_id.label("client_id"),
           (Client.sector_id == Visit.sector_id).label("at_home"), Rating.excluded_at),
    columns=(
        Column("visit", lazy_pgettext("column", "Visit"), Visit.starts_at, "moment", page=_visit_page),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               page=client_page),
        Column("workers", _l("Workers"), _workers(named(Worker), lambda name: func.aggregate_strings(name, ", ")),
               sort=_workers(Worker.last_name + " " + Worker.first_name, func.min), may_be_empty=True),
        Column("service", _l("Service"), Service.name),
        Column("sector", _l("Sector"), Sector.name),
        Column("manager", _l("Manager"), named(Staff), sort=Staff.last_name + " " + Staff.first_name,
               may_be_empty=True),
        Column("stars", _l("Stars"), Rating.stars, "stars"),
        Column("comment", _l("Comment"), func.nullif(Rating.comment, ""), "long", may_be_empty=True),
        Column("source", _l("Source"), Rating.channel, read=lambda channel: str(SOURCES[channel]),
               sort=case({channel: place for place, channel in enumerate(SOURCES)}, value=Rating.channel)),
        Column("left", lazy_pgettext("rating", "Left"), func.coalesce(Rating.changed_at, Rating.left_at), "moment"),
        Column("excluded", lazy_pgettext("rating", "Excluded"), Rating.exclude_reason, may_be_empty=True),
    ),
    offers={
        "manager": Offer(_l("All managers"), managers),
        "sector": Offer(_l("All sectors"), sectors),
        "service": Offer(_l("All services"), services),
    },
    totals=Totals(SUMS, tell),
    mark=_mark,
)  # fmt: skip
