"""The register of adverse events on paper: the control table's filters, nobody named, nothing that somebody typed."""

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from sqlalchemy import Row, func, select

from portal.accounts.models import User
from portal.adverse_events.criticality import ZONE_LABELS, criticality
from portal.adverse_events.follow_models import Action, ActionState, AuthorityRoute
from portal.adverse_events.models import AdverseEvent, State, event_category, reference_of
from portal.adverse_events.words import NATURE_LABELS, STATE_LABELS, severity_words
from portal.controls.forms import ControlFilter
from portal.extensions import db
from portal.i18n import language, local, written_day
from portal.organisation.models import ListEntry
from portal.papers import Block, Paper, Section, note, table
from portal.people.models import Client
from portal.reports.events import EVENTS
from portal.reports.initials import initials

MOST = 500  # events on one paper: more would hold a web process up for seconds


def register_paper(user: User, form: ControlFilter) -> Paper:
    """The events that a filter of the control table finds, the oldest first."""
    found = _rows(user, form)
    told = " · ".join(_("%(name)s: %(value)s", name=name, value=value) for name, value in _described(form))
    return Paper(
        title=_("Register of adverse events"), subtitle=told, name="registre-EI", landscape=True,
        sections=[Section("", [note(_said(found)), *([_table(found[:MOST])] if found else [])])],
    )  # fmt: skip


def _described(form: ControlFilter) -> list[tuple[str, str]]:
    """What narrows it, names that were typed as initials."""
    typed = {str(each.label.text) for each in form.typed()}
    return [(name, initials(value) if name in typed else value) for name, value in form.described()]


def _rows(user: User, form: ControlFilter) -> list[Row]:
    actions = select(func.count(Action.id)).where(Action.event_id == AdverseEvent.id)
    open_ones = actions.where(Action.state.in_((ActionState.TODO, ActionState.PROGRESS)))
    told = func.min(func.coalesce(AuthorityRoute.told_at, AuthorityRoute.written_at))
    authorities = select(told).where(AuthorityRoute.event_id == AdverseEvent.id)
    chosen = EVENTS.rows(user, form).with_only_columns(
        AdverseEvent.id, AdverseEvent.year, AdverseEvent.number, AdverseEvent.day, AdverseEvent.declared_at,
        AdverseEvent.nature, AdverseEvent.severity, AdverseEvent.potential, AdverseEvent.frequency, AdverseEvent.state,
        AdverseEvent.closed_at, (Client.first_name + " " + Client.last_name).label("client"),
        actions.correlate(AdverseEvent).scalar_subquery().label("actions"),
        open_ones.correlate(AdverseEvent).scalar_subquery().label("open_actions"),
        authorities.correlate(AdverseEvent).scalar_subquery().label("told_at"),
        maintain_column_froms=True,
    )  # fmt: skip
    return list(db.session.execute(chosen.order_by(AdverseEvent.day, AdverseEvent.id).limit(MOST + 1)))


def _said(found: list[Row]) -> str:
    if len(found) > MOST:
        return _("Only the first %(most)s events are printed: please choose a shorter period.", most=MOST)
    number = ngettext("%(num)s event.", "%(num)s events.", len(found))
    rule = _("Clients are written as initials; who reported an event is not said.")
    return f"{number} {rule}"


def _table(found: list[Row]) -> Block:
    categories = _categories([row.id for row in found])
    rows = [
        (reference_of(row.year, row.number), _day(row.day), _day(row.declared_at), initials(row.client or "") or "–",
         ", ".join(categories.get(row.id, ())) or "–", NATURE_LABELS[row.nature], _severity(row), _criticality(row),
         _day(row.told_at), _actions(row), _state(row))
        for row in found
    ]  # fmt: skip
    head = [_("Reference"), pgettext("event", "Happened"), pgettext("event", "Reported"), _("Client"), _("Categories"),
            pgettext("event", "Nature"), _("Severity"), _("Criticality"), _("Authority told"),
            pgettext("event", "Actions"), _("State")]  # fmt: skip
    return table(head, rows, widths=[0, 7, 0, 0, 10, 8, 8, 8, 6, 6, 8])


def _categories(ids: list[int]) -> dict[int, list[str]]:
    chosen = select(event_category.c.event_id, ListEntry).join(ListEntry, ListEntry.id == event_category.c.entry_id)
    found: dict[int, list[str]] = {}
    for event_id, entry in db.session.execute(chosen.where(event_category.c.event_id.in_(ids))):
        found.setdefault(event_id, []).append(entry.label(language()))
    return found


def _severity(row: Row) -> str:
    worse = f" →\N{NO-BREAK SPACE}G{row.potential}" if row.potential > row.severity else ""
    return f"{severity_words(row.severity)}{worse}"


def _criticality(row: Row) -> str:
    found = criticality(row.severity, row.potential, row.frequency)
    return f"{found.value} · {ZONE_LABELS[found.zone]}" if found else "–"


def _actions(row: Row) -> str:
    if not row.actions:
        return "–"
    return _("%(done)s of %(all)s done", done=row.actions - row.open_actions, all=row.actions)


def _state(row: Row) -> str:
    state = str(STATE_LABELS[State(row.state)])
    return f"{state}, {_day(row.closed_at)}" if row.closed_at else state


def _day(moment: object) -> str:
    return written_day(local(moment).date(), "d MMM y") if moment else "–"  # ty: ignore[invalid-argument-type]
