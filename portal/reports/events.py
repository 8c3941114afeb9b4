"""*Événements indésirables*: the adverse events of one's sectors, by the day on which they happened.

It says nothing of who reported an event, nor what would tell that (in which capacity, on which visit, of which
service), nor what happened in words: that is read on the event's own page, and each reading is kept.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import aliased
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.criticality import ZONE_LABELS, grade, zone_of
from portal.adverse_events.follow_models import Analysis
from portal.adverse_events.models import AdverseEvent, event_category, reference_of
from portal.adverse_events.queries import visible_events
from portal.adverse_events.words import NATURE_LABELS, SEVERITIES, STATE_LABELS, both_severities, severity_words
from portal.controls.days import Day
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable, Offer, Totals
from portal.forms import choices
from portal.i18n import start_of_day
from portal.incidents.lists import label_of
from portal.notes.models import Note
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import branch, is_named
from portal.reports.event_deadlines import CLOCKS, DUE, IS_OPEN, IS_OVERDUE
from portal.reports.event_figures import IS_DEALT_WITH, SUMS, groups, tell
from portal.reports.incidents import ONLY_OVERDUE, in_order
from portal.reports.quality import client_page, named, sectors
from portal.roles import Permission
from portal.tables.queries import addresses_of

STATES = {"open": _l("Not ended yet"), **{state.value: label for state, label in STATE_LABELS.items()}}
ZONES = {**{zone.value: label for zone, label in ZONE_LABELS.items()}, "none": _l("Not judged yet")}
DEALT_WITH = {"yes": _l("Dealt with"), "no": _l("Not dealt with yet")}

Coarse = aliased(ListEntry)


class EventsFilter(ControlFilter):
    about_period = _l("The day on which it happened counts, or was discovered where nobody knows when it did.")

    client = StringField(_l("Client"), validators=[Length(max=100)])
    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    supervisor = SelectField(_l("Supervisor"), choices=[])
    sector = SelectField(_l("Sector, with those below"), choices=[])
    category = SelectField(_l("Category"), choices=[])
    severity = SelectField(_l("Severity"), choices=[], default="")
    zone = SelectField(_l("Criticality"), choices=[], default="")
    state = SelectField(_l("State"), choices=[], default="")
    dealt_with = SelectField(_l("Dealt with"), choices=[], default="")
    overdue = SelectField(_l("Next deadline"), choices=[], default="")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        levels = {str(level): severity_words(level) for level in SEVERITIES}
        self.severity.choices = choices(levels, _l("All severities"))
        self.zone.choices = choices(ZONES, _l("All criticalities"))
        self.state.choices = choices(STATES, _l("All states"))
        self.dealt_with.choices = choices(DEALT_WITH, _l("Dealt with or not"))
        self.overdue.choices = choices(ONLY_OVERDUE, _l("Overdue or not"))


def rows(user: User, form: ControlFilter) -> Select:
    """Events that this person may see. What only names things is joined loosely: sums then leave it out."""
    first, last = form.days()
    begin, end = start_of_day(first), start_of_day(last + timedelta(days=1))
    return (
        visible_events(user)
        .outerjoin(Client, Client.id == AdverseEvent.client_id)
        .outerjoin(Worker, Worker.id == AdverseEvent.worker_id)
        .outerjoin(Staff, Staff.id == AdverseEvent.supervisor_id)
        .outerjoin(Sector, Sector.id == AdverseEvent.sector_id)
        .outerjoin(Note, Note.id == AdverseEvent.note_id)
        .outerjoin(Analysis, Analysis.event_id == AdverseEvent.id)
        .outerjoin(CLOCKS, CLOCKS.c.event_id == AdverseEvent.id)
        .where(AdverseEvent.day >= begin, AdverseEvent.day < end, *_conditions(form.data))
    )


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What narrows the events besides the period."""
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "client": lambda name: is_named(Client, name),
        "worker": lambda name: is_named(Worker, name),
        "supervisor": lambda number: AdverseEvent.supervisor_id == int(number),
        "sector": lambda number: AdverseEvent.sector_id.in_(branch(int(number))),
        "category": lambda number: _is_of_category(int(number)),
        "severity": lambda level: AdverseEvent.severity == int(level),
        "zone": lambda zone: zone_of().is_(None) if zone == "none" else zone_of() == zone,
        "state": lambda state: IS_OPEN if state == "open" else AdverseEvent.state == state,
        "dealt_with": lambda which: IS_DEALT_WITH if which == "yes" else ~IS_DEALT_WITH,
        "overdue": lambda _yes: IS_OVERDUE,
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


def _is_of_category(number: int) -> ColumnElement[bool]:
    """Of this category, or of a finer one of it."""
    of_event = event_category.c.event_id == AdverseEvent.id, ListEntry.id == event_category.c.entry_id
    meant = or_(ListEntry.id == number, ListEntry.parent_id == number)
    return select(ListEntry.id).where(*of_event, meant).correlate(AdverseEvent).exists()


def _label() -> ColumnElement[str]:
    """`Fall – during a transfer`: a finer category after the one it belongs to."""
    return func.coalesce(label_of(Coarse) + " – ", "") + label_of(ListEntry)


def _categories() -> Any:
    of_event = (
        select(_label().label("label"))
        .select_from(ListEntry)
        .join(event_category, event_category.c.entry_id == ListEntry.id)
        .outerjoin(Coarse, Coarse.id == ListEntry.parent_id)
        .where(event_category.c.event_id == AdverseEvent.id)
        .order_by(ListEntry.position, ListEntry.id)
        .correlate(AdverseEvent)
        .subquery("of_event")
    )
    return select(func.aggregate_strings(of_event.c.label, ", ")).scalar_subquery()


# ---- what a row says ----


def _event_page() -> Callable[[Row], str]:
    address = addresses_of("staff.show_event", "event_id")
    return lambda row: address(row.id)


def _client_page() -> Callable[[Row], str | None]:
    """There are events that concern no client."""
    address = client_page()
    return lambda row: None if row.client_id is None else address(row)


def _reference(row: Row) -> str:
    return reference_of(row.year, row.c_number)


def _severity(row: Row) -> str:
    return both_severities(row.c_severity, row.potential)


def _criticality(row: Row) -> str | None:
    return None if row.zone is None else f"{row.c_criticality} · {ZONE_LABELS[row.zone]}"


def _is_overdue(row: Row) -> bool:
    return row.c_due is not None and row.c_due < clock.now().timestamp()


def _due(row: Row) -> Day | None:
    return None if row.c_due is None else Day(datetime.fromtimestamp(row.c_due, UTC), _is_overdue(row))


def _mark(row: Row) -> str:
    return "overdue" if _is_overdue(row) else ""


# ---- what the filters offer ----


def _supervisors(user: User) -> Select:
    """The *encadrants* of events of this person's perimeter."""
    of_events = visible_events(user).with_only_columns(AdverseEvent.supervisor_id)
    return select(Staff.id, named(Staff)).where(Staff.id.in_(of_events))


def _offered_categories(_user: User) -> Select:
    return (
        select(ListEntry.id, _label())
        .select_from(ListEntry)
        .outerjoin(Coarse, Coarse.id == ListEntry.parent_id)
        .where(ListEntry.list == ListName.EVENT)
    )


EVENTS = ControlTable(
    name="adverse_events",
    title=_l("Adverse events"),
    family=_l("Quality"),
    intro=_l("Every adverse event: about what, how severe and how critical it is, how it stands, what is due when."),
    section=_l("Quality"),
    rule="/adverse-events",
    permission=Permission.SEE_EVENTS,
    module="adverse_events.enabled",
    form=EventsFilter,
    rows=rows,
    key=AdverseEvent.id,
    sort="-day",
    extra=(AdverseEvent.id.label("id"), AdverseEvent.year, AdverseEvent.potential, zone_of().label("zone"),
           AdverseEvent.client_id.label("client_id"), (Client.sector_id == AdverseEvent.sector_id).label("at_home")),
    columns=(  # what is first seen of it: how it stands, and what is due when
        Column("number", _l("Reference"), AdverseEvent.number, of_row=_reference,
               sort=(AdverseEvent.year, AdverseEvent.number), page=_event_page),
        Column("day", lazy_pgettext("event", "Happened"), AdverseEvent.day, "moment"),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               may_be_empty=True, page=_client_page),
        Column("category", _l("Category"), _categories(), may_be_empty=True),
        Column("severity", _l("Severity"), AdverseEvent.severity, of_row=_severity,
               sort=(AdverseEvent.severity, AdverseEvent.potential)),
        Column("criticality", _l("Criticality"), grade(), of_row=_criticality, may_be_empty=True),
        Column("state", _l("State"), AdverseEvent.state, read=lambda state: str(STATE_LABELS[state]),
               sort=in_order(STATE_LABELS, AdverseEvent.state)),
        Column("dealt_with", _l("Dealt with"), Note.done_at, "moment", may_be_empty=True),
        Column("due", _l("Next deadline"), DUE, "day", of_row=_due, may_be_empty=True),
        Column("worker", _l("Worker"), named(Worker), sort=Worker.last_name + " " + Worker.first_name,
               may_be_empty=True),
        Column("supervisor", _l("Supervisor"), named(Staff), sort=Staff.last_name + " " + Staff.first_name,
               may_be_empty=True),
        Column("sector", _l("Sector"), Sector.name),
        Column("nature", _l("Nature"), AdverseEvent.nature, read=lambda nature: str(NATURE_LABELS[nature]),
               sort=in_order(NATURE_LABELS, AdverseEvent.nature)),
        Column("declared", lazy_pgettext("event", "Reported on"), AdverseEvent.declared_at, "moment"),
        Column("closed", lazy_pgettext("event", "Closed on"), AdverseEvent.closed_at, "moment", may_be_empty=True),
    ),
    offers={
        "supervisor": Offer(_l("All supervisors"), _supervisors),
        "sector": Offer(_l("All sectors"), sectors),
        "category": Offer(_l("All categories"), _offered_categories),
    },
    totals=Totals(SUMS, tell, groups, hides_small=True),
    mark=_mark,
    papers="reports/_event_papers.html",
)  # fmt: skip
