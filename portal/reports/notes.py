"""*Notes et rappels*: every note of one's sectors, by the day on which it was written or falls due."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, ngettext
from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, bindparam, case, func, literal, select, union_all
from sqlalchemy.orm import aliased
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal import clock
from portal.accounts.models import User
from portal.controls.days import Day
from portal.controls.forms import ControlFilter
from portal.controls.periods import months_later, months_until
from portal.controls.table import Column, ControlTable, Figure, Months, Offer, Summary, Totals, of_months, part_of
from portal.extensions import UTC
from portal.forms import choices
from portal.i18n import local, start_of_day
from portal.incidents.lists import label_of
from portal.notes.models import Note
from portal.notes.queries import WAITING, visible_notes
from portal.notes.words import PRIORITY_LABELS, REPEAT_LABELS, SITUATION_LABELS, is_due
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import branch, is_named
from portal.reports.incidents import in_order
from portal.reports.measuring import sum_over
from portal.reports.quality import client_page, named, sectors
from portal.roles import Permission
from portal.tables.queries import addresses_of

SITUATIONS = {"waiting": _l("Not ended yet"), **{key.value: label for key, label in SITUATION_LABELS.items()}}
DAYS = {"written": _l("Day written"), "due": _l("Day of the reminder")}
ONLY_DUE = {"yes": _l("Overdue only")}
SHOWN = 7  # categories of the chart; the others are added up
IS_DUE = WAITING & (Note.remind_at <= bindparam("now", callable_=clock.now, type_=UTC))

Owner, Colleague = aliased(Staff), aliased(Staff)


class NotesFilter(ControlFilter):
    looks_ahead = True
    about_period = _l("The day on which a note was written counts, or that of its reminder, as chosen.")

    by = SelectField(_l("Counts"), choices=[], default="")
    situation = SelectField(_l("Situation"), choices=[], default="")
    priority = SelectField(_l("Priority"), choices=[], default="")
    overdue = SelectField(lazy_pgettext("note", "Reminder"), choices=[], default="")
    category = SelectField(_l("Category"), choices=[])
    owner = SelectField(_l("In the hands of"), choices=[])
    client = StringField(_l("Client"), validators=[Length(max=100)])
    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    sector = SelectField(_l("Sector, with those below"), choices=[])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.by.choices = choices({"due": DAYS["due"]}, DAYS["written"])
        self.situation.choices = choices(SITUATIONS, _l("All situations"))
        self.priority.choices = choices(PRIORITY_LABELS, _l("All priorities"))
        self.overdue.choices = choices(ONLY_DUE, _l("Overdue or not"))


def rows(user: User, form: ControlFilter) -> Select:
    """Notes that this person may read. What only names things is joined loosely: sums then leave it out."""
    first, last = form.days()
    begin, end = start_of_day(first), start_of_day(last + timedelta(days=1))
    counts = Note.remind_at if form.data["by"] == "due" else Note.created_at
    return (
        visible_notes(user)
        .outerjoin(ListEntry, ListEntry.id == Note.category_id)
        .outerjoin(Client, Client.id == Note.client_id)
        .outerjoin(Sector, Sector.id == Client.sector_id)
        .outerjoin(Worker, Worker.id == Note.worker_id)
        .outerjoin(Colleague, Colleague.id == Note.colleague_id)
        .outerjoin(Owner, Owner.id == Note.owner_id)
        .where(counts >= begin, counts < end, *_conditions(form.data))
    )


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What narrows the notes besides the period."""
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "situation": lambda situation: WAITING if situation == "waiting" else Note.situation == situation,
        "priority": lambda priority: Note.priority == priority,
        "overdue": lambda _yes: IS_DUE,
        "category": lambda number: Note.category_id == int(number),
        "owner": lambda number: Note.owner_id == int(number),
        "client": lambda name: is_named(Client, name),
        "worker": lambda name: is_named(Worker, name),
        "sector": lambda number: Client.sector_id.in_(branch(int(number))),
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


# ---- figures ----


SUMS = {
    "waiting": sum_over(WAITING),
    "due": sum_over(IS_DUE),
    "alerts": sum_over(WAITING & Note.alert),
    "first": func.min(Note.created_at),
    "last": func.max(Note.created_at),
}


def _months(sums: Mapping[str, Any]) -> list[date]:
    """The first days of the months that the chart shows, until that of the last note."""
    return months_until(_first(sums), local(sums["last"] or clock.now()).date())


def _first(sums: Mapping[str, Any]) -> date:
    return local(sums["first"] or clock.now()).date()


def groups(bare: Select, sums: Mapping[str, Any]) -> CompoundSelect:
    """How many notes of each category were written in each month."""
    months = _months(sums)
    ends = [(Note.created_at < start_of_day(months_later(month, 1)), place) for place, month in enumerate(months)]
    written = (
        bare.where(Note.created_at >= start_of_day(months[0]))
        .with_only_columns(
            label_of(ListEntry).label("label"), case(*ends, else_=0).label("month"), maintain_column_froms=True
        )
        .subquery("written")
    )
    counted = select(literal("month").label("of"), written.c.label, written.c.month, func.count().label("n"))
    return union_all(counted.group_by(written.c.label, written.c.month))


def tell(sums: Mapping[str, Any]) -> Summary:
    """Say how many notes there are, what waits, and what they are about."""
    figures = [
        Figure(_("Notes"), int(sums["n"])),
        part_of(sums, _("Not ended yet"), "waiting"),
        part_of(sums, _("Alerts"), "alerts", "waiting"),
        part_of(sums, _("Overdue"), "due", "waiting"),
    ]
    months, found = _months(sums), {}
    for row in sums["groups"]:
        found.setdefault(row.label or _("Without a category"), Counter())[int(row.month)] += row.n
    ordered = sorted(found.items(), key=lambda one: (-one[1].total(), one[0]))
    lines = [(label, [numbers[place] for place in range(len(months))]) for label, numbers in ordered[:SHOWN]]
    if rest := ordered[SHOWN:]:
        others = ngettext("%(num)s other", "%(num)s others", len(rest))
        lines.append((others, [sum(numbers[place] for _label, numbers in rest) for place in range(len(months))]))
    title = of_months(_("Written, by month and category"), months, _first(sums))
    return Summary(figures, months=[Months(title, months, lines)])


# ---- what a row says, what the filters offer ----


def _note_page() -> Callable[[Row], str]:
    address = addresses_of("staff.show_note", "note_id")
    return lambda row: address(row.id)


def _is_overdue(row: Row) -> bool:
    return row.c_situation in ("todo", "progress") and is_due(row.c_due)


def _due(row: Row) -> Day | None:
    return Day(row.c_due, _is_overdue(row)) if row.c_due else None


def _mark(row: Row) -> str:
    return "overdue" if _is_overdue(row) else ""


def _categories(_user: User) -> Select:
    return select(ListEntry.id, label_of(ListEntry)).where(ListEntry.list == ListName.NOTE)


def _owners(user: User) -> Select:
    """Those who have a note in hand that this person reads."""
    return select(Staff.id, named(Staff)).where(Staff.id.in_(visible_notes(user).with_only_columns(Note.owner_id)))


NOTES = ControlTable(
    name="notes",
    title=_l("Notes and reminders"),
    family=_l("Quality"),
    intro=_l("Every note: about whom, in whose hands, how it stands, when its reminder is due."),
    section=_l("Quality"),
    rule="/notes",
    permission=Permission.KEEP_NOTES,
    module=None,
    form=NotesFilter,
    rows=rows,
    key=Note.id,
    sort="-written",
    extra=(Note.id.label("id"), Note.client_id.label("client_id"), Note.client_id.is_not(None).label("at_home")),
    columns=(
        Column("written", lazy_pgettext("note", "Written"), Note.created_at, "moment", page=_note_page),
        Column("title", lazy_pgettext("note", "Title"), Note.title, page=_note_page),
        Column("category", _l("Category"), label_of(ListEntry), may_be_empty=True),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               may_be_empty=True, page=client_page),
        Column("worker", _l("Worker"), named(Worker), sort=Worker.last_name + " " + Worker.first_name,
               may_be_empty=True),
        Column("colleague", _l("Colleague"), named(Colleague),
               sort=Colleague.last_name + " " + Colleague.first_name, may_be_empty=True),
        Column("owner", _l("In the hands of"), named(Owner), sort=Owner.last_name + " " + Owner.first_name,
               may_be_empty=True),
        Column("due", lazy_pgettext("note", "Reminder"), Note.remind_at, "day", of_row=_due, may_be_empty=True),
        Column("repeats", _l("Comes back"), Note.repeats, read=lambda repeats: str(REPEAT_LABELS[repeats]),
               sort=in_order(REPEAT_LABELS, Note.repeats)),
        Column("situation", _l("Situation"), Note.situation, read=lambda situation: str(SITUATION_LABELS[situation]),
               sort=in_order(SITUATION_LABELS, Note.situation)),
        Column("priority", _l("Priority"), Note.priority, read=lambda priority: str(PRIORITY_LABELS[priority]),
               sort=in_order(PRIORITY_LABELS, Note.priority)),
        Column("sector", _l("Sector"), Sector.name, may_be_empty=True),
        Column("by", lazy_pgettext("note", "Written by"), Note.created_by, may_be_empty=True),
        Column("done", lazy_pgettext("note", "Finished"), Note.done_at, "moment", may_be_empty=True),
    ),
    offers={
        "category": Offer(_l("All categories"), _categories),
        "owner": Offer(_l("In the hands of anybody"), _owners),
        "sector": Offer(_l("All sectors"), sectors),
    },
    totals=Totals(SUMS, tell, groups, hides_small=True),
    mark=_mark,
)  # fmt: skip
