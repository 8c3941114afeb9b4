"""*Réclamations*: every complaint, by the day on which it was received."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, case, select
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal.accounts.models import User
from portal.complaints.lists import SUBJECT, joined, named
from portal.complaints.models import Complaint
from portal.complaints.queries import visible_complaints
from portal.complaints.standing import DUE_ON, LATE, OPEN, RESOLVED, STATE, State, is_late, state_of
from portal.complaints.words import CHANNEL_LABELS, DIRECTION_LABELS, OUTCOME_LABELS, STATE_LABELS
from portal.controls.days import Day
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable, Offer, Totals
from portal.forms import choices
from portal.i18n import start_of_day
from portal.notes.models import Note
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import branch, is_named
from portal.reports.complaint_figures import SUMS, groups, tell
from portal.reports.incidents import ONLY_OVERDUE, in_order
from portal.reports.quality import sectors
from portal.roles import Permission
from portal.tables.queries import addresses_of

DEALT = {"no": lazy_pgettext("complaint", "Not dealt with yet"), "yes": lazy_pgettext("complaint", "Dealt with")}


class ComplaintsFilter(ControlFilter):
    about_period = _l("The day on which it was received counts.")

    client = StringField(_l("Client"), validators=[Length(max=100)])
    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    subject = SelectField(_l("Subject"), choices=[])
    direction = SelectField(_l("Direction"), choices=[], default="")
    channel = SelectField(_l("How it came"), choices=[], default="")
    state = SelectField(_l("State"), choices=[], default="")
    dealt = SelectField(lazy_pgettext("complaint", "Dealt with"), choices=[], default="")
    overdue = SelectField(_l("Due date"), choices=[], default="")
    sector = SelectField(_l("Sector, with those below"), choices=[])
    owner = SelectField(_l("In the hands of"), choices=[])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.direction.choices = choices(DIRECTION_LABELS, _l("All directions"))
        self.channel.choices = choices(CHANNEL_LABELS, _l("All channels"))
        self.state.choices = choices(STATE_LABELS, _l("All states"))
        self.dealt.choices = choices(DEALT, lazy_pgettext("complaint", "Dealt with or not"))
        self.overdue.choices = choices(ONLY_OVERDUE, _l("Overdue or not"))


def rows(user: User, form: ControlFilter) -> Select:
    """Complaints that this person may see."""
    first, last = form.days()
    begin, end = start_of_day(first), start_of_day(last + timedelta(days=1))
    period = Complaint.received_at >= begin, Complaint.received_at < end
    whole = joined(visible_complaints(user)).outerjoin(Sector, Sector.id == Complaint.sector_id)
    return whole.where(*period, *_conditions(form.data))


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What narrows the complaints besides the period."""
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "client": lambda name: is_named(Client, name),
        "worker": lambda name: is_named(Worker, name),
        "subject": lambda number: Complaint.subject_id == int(number),
        "direction": lambda direction: Complaint.direction == direction,
        "channel": lambda channel: Complaint.channel == channel,
        "state": lambda state: STATE.in_([state]),
        "dealt": lambda dealt: RESOLVED if dealt == "yes" else ~RESOLVED,
        "overdue": lambda _yes: LATE,
        "sector": lambda number: Complaint.sector_id.in_(branch(int(number))),
        "owner": lambda number: Note.owner_id == int(number),
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


# ---- what a row says ----


def _page() -> Callable[[Row], str]:
    address = addresses_of("staff.show_complaint", "complaint_id")
    return lambda row: address(row.id)


def _is_late(row: Row) -> bool:
    return is_late(row, state_of(row, row.situation))


def _due(row: Row) -> Day | None:
    return Day(row.c_due, _is_late(row)) if row.c_due else None


def _mark(row: Row) -> str:
    return "overdue" if _is_late(row) else ""


# ---- what the filters offer ----


def _subjects(_user: User) -> Select:
    return select(ListEntry.id, SUBJECT).where(ListEntry.list == ListName.COMPLAINT)


def _owners(user: User) -> Select:
    """Those who have a complaint of this person's perimeter in hand."""
    notes = visible_complaints(user).with_only_columns(Complaint.note_id)
    owners = select(Note.owner_id).where(Note.id.in_(notes))
    return select(Staff.id, named(Staff)).where(Staff.id.in_(owners))


COMPLAINTS = ControlTable(
    name="complaints",
    title=_l("Complaints"),
    family=_l("Quality"),
    intro=_l("Every complaint: who complains of whom and of what, how it stands, whether the agency kept its word on "
             "time."),
    section=_l("Quality"),
    rule="/complaints",
    permission=Permission.SEE_COMPLAINTS,
    module="complaints.enabled",
    form=ComplaintsFilter,
    rows=rows,
    key=Complaint.id,
    sort="-received",
    extra=tuple(
        column.label(column.key)
        for column in (Complaint.id, Complaint.acknowledge_by, Complaint.answer_by, Complaint.acknowledged_at,
                       Complaint.waiting_at, Complaint.answered_at, Complaint.reopened_at, Note.situation)
    ),
    columns=(
        Column("received", _l("Received on"), Complaint.received_at, "moment", page=_page),
        Column("subject", _l("Subject"), SUBJECT),
        Column("direction", _l("Direction"), Complaint.direction, read=lambda one: str(DIRECTION_LABELS[one]),
               sort=in_order(DIRECTION_LABELS, Complaint.direction)),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               may_be_empty=True),
        Column("worker", _l("Worker"), named(Worker), sort=Worker.last_name + " " + Worker.first_name,
               may_be_empty=True),
        Column("partner", _l("Partner"), Complaint.partner, may_be_empty=True),
        Column("channel", _l("How it came"), Complaint.channel, read=lambda one: str(CHANNEL_LABELS[one]),
               sort=in_order(CHANNEL_LABELS, Complaint.channel)),
        Column("state", _l("State"), STATE, read=lambda one: str(STATE_LABELS[State(one)]),
               sort=in_order(STATE_LABELS, STATE)),
        Column("due", _l("Due date"), case((OPEN, DUE_ON)), "day", of_row=_due, may_be_empty=True),
        Column("acknowledged", _l("Receipt acknowledged"), Complaint.acknowledged_at, "moment", may_be_empty=True),
        Column("answered", _l("Answered"), Complaint.answered_at, "moment", may_be_empty=True),
        Column("outcome", _l("How it ended"), Complaint.outcome, read=lambda one: str(OUTCOME_LABELS[one]),
               sort=in_order(OUTCOME_LABELS, Complaint.outcome), may_be_empty=True),
        Column("resolved", lazy_pgettext("complaint", "Closed on"), Note.done_at, "moment", may_be_empty=True),
        Column("owner", _l("In the hands of"), named(Staff), sort=Staff.last_name + " " + Staff.first_name,
               may_be_empty=True),
        Column("sector", _l("Sector"), Sector.name),
        Column("by", lazy_pgettext("complaint", "Filed by"), Complaint.filed_by),
    ),
    offers={
        "subject": Offer(_l("All subjects"), _subjects),
        "sector": Offer(_l("All sectors"), sectors),
        "owner": Offer(_l("In the hands of anybody"), _owners),
    },
    totals=Totals(SUMS, tell, groups, hides_small=True),
    mark=_mark,
    start=(_l("File a complaint"), "staff.start_complaint"),
)  # fmt: skip
