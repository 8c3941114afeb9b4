"""*Suivi des actions*: what was decided on after adverse events, by the day on which it is due."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Row,
    Select,
    bindparam,
    extract,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal.accounts.models import User
from portal.adverse_events.action_plan import is_overdue, visible_actions
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.follow_words import ACTION_KINDS_SHORT, ACTION_STATE_LABELS, EFFECTIVE_LABELS
from portal.adverse_events.models import AdverseEvent, reference_of
from portal.adverse_events.progress import OPEN
from portal.controls.days import Day
from portal.controls.forms import ControlFilter
from portal.controls.periods import months_until
from portal.controls.shares import Share
from portal.controls.table import (
    Column,
    ControlTable,
    Figure,
    Grid,
    GridCell,
    Months,
    Offer,
    Summary,
    Totals,
    of_months,
    part_of,
)
from portal.forms import choices
from portal.people.models import Client, Sector, Staff
from portal.people.queries import branch, is_named
from portal.reports.incidents import ONLY_OVERDUE, in_order
from portal.reports.measuring import sum_over
from portal.reports.quality import client_page, named, sectors
from portal.roles import Permission
from portal.visits.queries import today

STATES = {"open": _l("Not done yet"), **{state.value: label for state, label in ACTION_STATE_LABELS.items()}}
EFFECTS = {"unknown": _l("Not checked yet"), **EFFECTIVE_LABELS}

Owner = aliased(Staff)
IS_OPEN = Action.state.in_(OPEN)
IS_OVERDUE = IS_OPEN & (Action.due_on < bindparam("today", callable_=today, type_=Date))
IS_DONE = Action.state.in_((ActionState.DONE, ActionState.VERIFIED))


class ActionsFilter(ControlFilter):
    about_period = _l("The day on which it is due counts.")
    looks_ahead = True
    usual_period = "all"  # what is open, whenever it is due

    kind = SelectField(_l("Kind of action"), choices=[], default="")
    state = SelectField(_l("State"), choices=[], default="")
    overdue = SelectField(_l("Due date"), choices=[], default="")
    effective = SelectField(_l("Did it help?"), choices=[], default="")
    owner = SelectField(_l("Owner"), choices=[])
    sector = SelectField(_l("Sector, with those below"), choices=[])
    client = StringField(_l("Client"), validators=[Length(max=100)])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.kind.choices = choices(ACTION_KINDS_SHORT, _l("All kinds"))
        self.state.choices = choices(STATES, _l("All states"))
        self.overdue.choices = choices(ONLY_OVERDUE, _l("Overdue or not"))
        self.effective.choices = choices(EFFECTS, _l("Whether it helped or not"))


def rows(user: User, form: ControlFilter) -> Select:
    """Actions after events that this person may see."""
    first, last = form.days()
    return (
        visible_actions(user)
        .join(AdverseEvent, AdverseEvent.id == Action.event_id)
        .outerjoin(Client, Client.id == AdverseEvent.client_id)
        .outerjoin(Sector, Sector.id == AdverseEvent.sector_id)
        .outerjoin(Owner, Owner.id == Action.owner_id)
        .where(Action.due_on >= first, Action.due_on <= last, *_conditions(form.data))
    )


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "kind": lambda kind: Action.kind == kind,
        "state": lambda state: IS_OPEN if state == "open" else Action.state == state,
        "overdue": lambda _yes: IS_OVERDUE,
        "effective": lambda how: IS_DONE & Action.effective.is_(None) if how == "unknown" else Action.effective == how,
        "owner": lambda number: Action.owner_id == int(number),
        "sector": lambda number: AdverseEvent.sector_id.in_(branch(int(number))),
        "client": lambda name: is_named(Client, name),
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


# ---- what a row says ----


def _event_page() -> Callable[[Row], str]:
    return lambda row: url_for("staff.show_event", event_id=row.event_id)


def _due(row: Row) -> Day:
    return Day(row.c_due, is_overdue(row.c_state, row.c_due))


def _mark(row: Row) -> str:
    return "overdue" if is_overdue(row.c_state, row.c_due) else ""


def _reference(row: Row) -> str:
    return reference_of(row.year, row.number)


def _owners(user: User) -> Select:
    """Those who have an action of this person's perimeter in hand."""
    return select(Staff.id, named(Staff)).where(Staff.id.in_(visible_actions(user).with_only_columns(Action.owner_id)))


# ---- figures ----


SUMS = {
    "open": sum_over(IS_OPEN),
    "overdue": sum_over(IS_OVERDUE),
    "done": sum_over(IS_DONE),
    "in_time": sum_over(IS_DONE & (Action.done_on <= Action.due_on)),
    "checked": sum_over(Action.effective.is_not(None)),
    "effective": sum_over(Action.effective == "yes"),
}


def groups(bare: Select, _sums: Mapping[str, Any]) -> CompoundSelect:
    """How many actions there are of each kind, month, state and effect."""
    effect = func.coalesce(Action.effective, "")
    named_so = bare.with_only_columns(
        Action.kind, Action.state, effect.label("effective"), extract("year", Action.due_on).label("year"),
        extract("month", Action.due_on).label("month"), maintain_column_froms=True,
    ).subquery("named_so")  # fmt: skip
    return union_all(select(*named_so.c, func.count().label("number"), literal("action")).group_by(*named_so.c))


def tell(sums: Mapping[str, Any]) -> Summary:
    """Say how many there are, how many are late, done in time and effective."""
    number, waiting, done = int(sums["n"]), int(sums["open"]), int(sums["done"])
    helped = Share(int(sums["effective"]), int(sums["checked"]))
    dropped = number - waiting - done
    figures = [
        Figure(pgettext("event", "Actions"), number),
        Figure(_("Not done yet"), waiting, beside=(done, dropped)),
        part_of(sums, _("Overdue"), "overdue", "open"),
        Figure(_("Done"), done, beside=(waiting, dropped)),
        part_of(sums, _("Done in time"), "in_time", "done"),
        Figure(_("That helped"), helped, f"n = {helped.whole}"),
    ]
    found = sums["groups"]
    return Summary(figures, months=_months(found), grids=[_effects(found)] if found else ())


def _months(found: list[Row]) -> list[Months]:
    counted = Counter[tuple[str, date]]()
    for row in found:
        counted[row.kind, date(int(row.year), int(row.month), 1)] += row.number
    if not counted:
        return []
    first, last = min(month for _kind, month in counted), max(month for _kind, month in counted)
    months = months_until(first, last)
    lines = [(str(label), [counted[kind, month] for month in months]) for kind, label in ACTION_KINDS_SHORT.items()]
    return [Months(of_months(_("Due by month and kind"), months, first), months, lines, sums_told=True)]


def _effects(found: list[Row]) -> Grid:
    """By kind, how many stand where, and whether they helped."""
    heads = [*(label for state, label in ACTION_STATE_LABELS.items() if state != ActionState.VERIFIED),
             *EFFECTIVE_LABELS.values()]  # fmt: skip
    counted = Counter[tuple[str, str]]()
    for row in found:
        counted[row.kind, row.effective or row.state] += row.number
    keys = [*(state for state in ACTION_STATE_LABELS if state != ActionState.VERIFIED), *EFFECTIVE_LABELS]
    lines = [(str(label), [GridCell(counted[kind, str(key)]) for key in keys])
             for kind, label in ACTION_KINDS_SHORT.items()]  # fmt: skip
    return Grid(_("Where actions stand, and whether they helped"), _("Kind of action"), list(map(str, heads)), lines,
                sums_told=True)  # fmt: skip


EVENT_ACTIONS = ControlTable(
    name="event_actions",
    title=_l("Follow-up of actions"),
    family=_l("Quality"),
    intro=_l("What was decided on after adverse events: who does it until when, how far it is, whether it helped."),
    section=_l("Quality"),
    rule="/event-actions",
    permission=Permission.SEE_EVENTS,
    module="adverse_events.enabled",
    form=ActionsFilter,
    rows=rows,
    key=Action.id,
    sort="due",
    extra=(Action.event_id.label("event_id"), AdverseEvent.client_id.label("client_id"),
           (Client.sector_id == AdverseEvent.sector_id).label("at_home"), AdverseEvent.year.label("year"),
           AdverseEvent.number.label("number")),
    columns=(
        Column("due", _l("Due date"), Action.due_on, "day", of_row=_due),
        Column("text", _l("What is to be done"), Action.text, "long"),
        Column("kind", _l("Kind of action"), Action.kind, read=lambda kind: str(ACTION_KINDS_SHORT[kind]),
               sort=in_order(ACTION_KINDS_SHORT, Action.kind)),
        Column("state", _l("State"), Action.state, read=lambda state: str(ACTION_STATE_LABELS[state]),
               sort=in_order(ACTION_STATE_LABELS, Action.state)),
        Column("owner", _l("Owner"), named(Owner), sort=Owner.last_name + " " + Owner.first_name),
        Column("event", _l("Adverse event"), AdverseEvent.id, of_row=_reference,
               sort=(AdverseEvent.year, AdverseEvent.number), page=_event_page),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               page=client_page, may_be_empty=True),
        Column("sector", _l("Sector"), Sector.name),
        Column("done", _l("Done on"), Action.done_on, "day", read=Day, may_be_empty=True),
        Column("indicator", _l("How one will see that it helped"), Action.indicator),
        Column("check", _l("Look at its effect on"), Action.check_on, "day", read=Day, may_be_empty=True),
        Column("effective", _l("Did it help?"), Action.effective, read=lambda how: str(EFFECTIVE_LABELS[how]),
               sort=in_order(EFFECTIVE_LABELS, Action.effective), may_be_empty=True),
    ),
    offers={
        "owner": Offer(_l("All owners"), _owners),
        "sector": Offer(_l("All sectors"), sectors),
    },
    totals=Totals(SUMS, tell, groups, hides_small=True),
    mark=_mark,
)  # fmt: skip
