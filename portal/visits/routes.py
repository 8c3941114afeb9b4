"""The lists of visits, the staff's page of one, and marking a visit as done, cancelled or to be done again."""

import re
from collections.abc import Sequence
from datetime import timedelta

from flask import abort, flash, g, redirect, url_for
from flask_babel import gettext as _
from flask_babel import npgettext
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.extensions import wires
from portal.forms import PortalForm, refused
from portal.htmx import request
from portal.pages import done, show
from portal.portals import HOMES, client, staff, worker
from portal.roles import Permission
from portal.settings.queries import option
from portal.visits import actions, changes, queries
from portal.visits.forms import CancelForm, OwnVisitsFilter, VisitsFilter
from portal.visits.models import Visit
from portal.visits.ways import followed_from, list_or_planning
from portal.visits.window import window_of


def visit_or_404(visit_id: int) -> Visit:
    return queries.visit_of(g.user, visit_id) or abort(404)


@client.page("/", Permission.SEE_OWN_VISITS)
@staff.page("/", Permission.SEE_VISITS)
def open_portal() -> Response:
    """The bare address of a portal leads to its first page."""
    return redirect(url_for(HOMES[g.portal]))


@client.page("/visits", Permission.SEE_OWN_VISITS)
def list_own_visits() -> Response:
    """*Mes prestations*: the one question of the day on top, then the list."""
    filters = OwnVisitsFilter(request.args)
    narrowed = filters.narrowed()
    page = queries.list_visits(g.user, narrowed)
    first_of_all = page if narrowed == queries.VisitFilter() and page.number == 1 else None
    return show(
        "visits/client_list.html", "visits/_client_rows.html", page=page, filters=filters,
        waiting=wires.waiting_visit(g.user, first_of_all), has_any=bool(page.rows) or bool(request.args),
    )  # fmt: skip


@worker.page("/", Permission.SEE_ASSIGNED_VISITS)
def list_today() -> Response:
    rows = queries.list_days(g.user, queries.today(), 1)
    open_ones = queries.list_days(g.user, queries.today() - timedelta(days=7), 7)
    return show("visits/worker_day.html", rows=rows, day=queries.today(),
                to_close=[row for row in open_ones if row.stage == "past"])  # fmt: skip


@worker.page("/week", Permission.SEE_ASSIGNED_VISITS)
def list_week() -> Response:
    first = queries.today() + timedelta(days=7 * _weeks_ahead() - queries.today().weekday())
    rows = queries.list_days(g.user, first, 7)
    days = [(first + timedelta(days=n), [row for row in rows if queries.day_of(row) == first + timedelta(days=n)])
            for n in range(7)]  # fmt: skip
    return show("visits/worker_week.html", days=days, week=_weeks_ahead(), today=queries.today())


def _weeks_ahead() -> int:
    """Return the week in the address, counted from this one; anything odd is this week."""
    text = request.args.get("week", "0")
    return int(text) if re.fullmatch(r"-?[0-9]{1,3}", text) else 0


@worker.page("/visits/<int:visit_id>/done", Permission.CLOSE_ASSIGNED_VISITS, methods=("POST",))
def end_own_visit(visit_id: int) -> Response:
    return _end(visit_id, "visits/_worker_card.html", url_for("worker.list_today"))


@staff.page("/visits", Permission.SEE_VISITS)
def list_visits() -> Response:
    filters = VisitsFilter(g.user, request.args)
    page = queries.list_visits(g.user, filters.narrowed())
    return show("visits/staff_list.html", "visits/_staff_rows.html", page=page, filters=filters,
                has_ratings=option("ratings.enabled"))  # fmt: skip


@staff.page("/visits/<int:visit_id>", Permission.SEE_VISITS)
def show_visit(visit_id: int) -> Response:
    """All about one visit: its facts, what other features add, and one timeline of what happened and will."""
    window = window_of(g.user, visit_id) or abort(404)
    visit = window.visit
    panels = [panel for make in wires.visit_panels if (panel := make(g.user, visit))]
    client_panels = [panel for make in wires.client_panels if (panel := make(g.user, visit))]
    facts = [fact for tell in wires.timeline for fact in tell(g.user, visit)]
    return show(
        "visits/show.html", window=window, visit=visit, row=window.row, panels=panels, client_panels=client_panels,
        back=list_or_planning(),
        facts=sorted(facts, key=lambda fact: (fact.to_come, fact.at)),
    )  # fmt: skip


@staff.page("/visits/<int:visit_id>/done", Permission.CLOSE_VISITS, methods=("POST",))
def end_visit(visit_id: int) -> Response:
    """From the list or from the visit's page: a plain browser returns to where it was."""
    back_to = safe_next(request.form.get("next")) or url_for("staff.list_visits")
    return _end(visit_id, "visits/_staff_row.html", back_to)


def _end(visit_id: int, fragment: str, back_to: str) -> Response:
    visit = visit_or_404(visit_id)
    actions.end_visits(g.user, [visit])
    flash(_("The visit is marked as done."), "success")
    row = queries.row_of(g.user, visit_id)
    return done(back_to, fragment=fragment, target=f"#visit-{visit_id}", row=row)


@staff.page("/visits/<int:visit_id>/cancellation", Permission.CLOSE_VISITS, methods=("GET", "POST"))
def cancel_visit(visit_id: int) -> Response:
    """*Annuler…*: with a reason; of a series, also those that follow."""
    visit, form = visit_or_404(visit_id), CancelForm()
    later, back = changes.following(g.user, visit), safe_next(request.args.get("from"))
    form.offer_scope(len(later))
    status = refused(form, lambda: actions.cancel_visits(g.user, _meant(visit, later, form), str(form.reason.data)))
    row = queries.row_of(g.user, visit_id)
    if status:
        return show("visits/cancel.html", "visits/_cancel.html", status=status, visit=row, form=form,
                    back=back or url_for("staff.list_visits"))  # fmt: skip
    number = len(_meant(visit, later, form))
    flash(npgettext("visit", "The visit is cancelled.", "%(num)s visits are cancelled.", number), "success")
    back = back or followed_from() or url_for("staff.show_visit", visit_id=visit_id)
    if number > 1:  # more lines than one may have changed
        return done(back)
    return done(back, event="visit-cancelled", fragment="visits/_staff_row.html", target=f"#visit-{visit_id}", row=row)


def _meant(visit: Visit, later: Sequence[Visit], form: CancelForm) -> list[Visit]:
    return [visit, *later] if form.reaches_on else [visit]


@staff.page("/visits/<int:visit_id>/reopening", Permission.CLOSE_VISITS, methods=("GET", "POST"))
def reopen_visit(visit_id: int) -> Response:
    """*Remettre à réaliser*: asked once more before it is done, since the client may have had a mail."""
    visit, form = visit_or_404(visit_id), PortalForm()
    if status := refused(form, lambda: actions.reopen_visit(g.user, visit)):
        return show("visits/reopen.html", status=status, visit=queries.row_of(g.user, visit_id), form=form)
    flash(_("The visit is to be done again."), "success")
    return done(url_for("staff.show_visit", visit_id=visit_id))
