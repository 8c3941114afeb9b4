"""Conversations that staff open, show and hide; and the tab of a record that lists them."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.htmx import request
from portal.pages import done, show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.roles import Permission
from portal.tables.queries import read_page
from portal.threads import opening
from portal.threads.lists import row_reader, thread_rows
from portal.threads.models import Participant, Thread
from portal.threads.open_forms import StaffOpenForm
from portal.threads.queries import thread_of, visible_threads


@staff.page("/threads/new", Permission.WRITE_THREADS, methods=("GET", "POST"))
def open_thread() -> Response:
    """Open a conversation with clients and workers; those of the address are proposed with whom they meet."""
    asked = request.args.getlist("person")
    form, people = StaffOpenForm(), opening.people_for(g.user, asked)
    if len(people) < len(set(asked)):
        abort(404)
    people |= opening.people_for(g.user, form.people.data or []) | opening.met_by(g.user, asked)
    typed = (form.who.data or "").strip()[:100]
    found = opening.found_by(g.user, typed) if typed else {}
    form.offer((people | found).values())
    if request.method == "GET":
        form.people.data = asked
    context = {"people": people | found, "typed": typed, "found": found, "asked": asked}
    if "find" in request.form:
        return _page(form, 200, context)
    made: list[Thread] = []
    if status := refused(form, lambda: made.append(opening.open_for(g.user, form.opening()))):
        return _page(form, status, context)
    flash(_("Your message has been sent."), "success")
    return done(url_for("staff.show_thread", thread_id=made[0].id))


def _page(form: StaffOpenForm, status: int, context: dict) -> Response:
    return show("threads/begin.html", "threads/_begin.html", status, form=form, **context)


@staff.page("/threads/<int:thread_id>/publication", Permission.WRITE_THREADS, methods=("POST",))
def publish_thread(thread_id: int) -> Response:
    """*Visible sur les portails*, or not any more."""
    thread = thread_of(g.user, thread_id) or abort(404)
    opening.publish(g.user, thread, request.form.get("published") == "yes")
    flash(
        _("Those who take part see this conversation.")
        if thread.published
        else _("Only the agency sees this conversation now."),
        "success",
    )
    return done(url_for("staff.show_thread", thread_id=thread_id))


@staff.page("/clients/<int:client_id>/threads", Permission.SEE_THREADS)
def show_client_threads(client_id: int) -> Response:
    return _record("client", client_of(g.user, client_id) or abort(404))


@staff.page("/workers/<int:worker_id>/threads", Permission.SEE_THREADS)
def show_worker_threads(worker_id: int) -> Response:
    return _record("worker", worker_of(g.user, worker_id) or abort(404))


def _record(kind: str, person: Client | Worker) -> Response:
    """The tab *Conversations* of a record."""
    number = Participant.client_id if kind == "client" else Participant.worker_id
    theirs = select(Participant.thread_id).where(number == person.id)
    chosen = thread_rows(g.user, visible_threads(g.user).where(Thread.id.in_(theirs)))
    page = read_page(chosen.order_by(Thread.last_at.desc(), Thread.id.desc()), row_reader(g.user))
    return show("threads/record.html", kind=kind, person=person, page=page, portal="staff")
