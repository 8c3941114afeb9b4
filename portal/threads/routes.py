"""Conversations in the three portals, from one set of handlers: the list, one of them, writing in it."""

from typing import Any

from flask import abort, g, url_for
from werkzeug.wrappers import Response

from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db, wires
from portal.forms import number_in, refused
from portal.htmx import request
from portal.pages import done, show
from portal.people.models import Sector
from portal.people.queries import visible_sectors
from portal.portals import PORTALS, client, staff, worker
from portal.roles import Permission
from portal.settings.queries import option
from portal.threads.actions import is_as_sent, write
from portal.threads.columns import Heading
from portal.threads.forms import StaffWriteForm, ThreadsFilter, WriteForm
from portal.threads.lists import list_threads as threads_of
from portal.threads.lists import tag_of
from portal.threads.models import Thread
from portal.threads.queries import is_closed_to, is_staff
from portal.threads.reading import opened_thread, readers_of, talk_of
from portal.threads.words import ARRIVED, BARRED


@client.page("/threads", Permission.READ_THREADS)
@worker.page("/threads", Permission.READ_THREADS)
@staff.page("/threads", Permission.SEE_THREADS)
def list_threads() -> Response:
    """*Nous contacter*: the conversations in which one takes part; for staff, those of their sectors. A list that is
    open asks for itself now and then: mostly nothing in it is new."""
    if others := [file for file in _other_files() if file.key == request.args.get("file")]:
        return _elsewhere(others)
    filters = _filters() if is_staff(g.user) else None
    page = threads_of(g.user, filters.narrowed() if filters else None)
    tag = tag_of(page)
    if request.headers.get("HX-PTag") == tag:
        return Response(status=304)
    listed = in_portal("threads/list.html", "threads/_rows.html", page=page, filters=filters, tag=tag,
                       contact=option("threads.contact"), may_open=_may_open())  # fmt: skip
    listed.headers["HX-PTag"] = tag
    return listed


def _filters() -> ThreadsFilter:
    chosen = visible_sectors(g.user).with_only_columns(Sector.id, Sector.name).order_by(Sector.name, Sector.id)
    return ThreadsFilter(request.args, {row.id: row.name for row in db.session.execute(chosen)})


def in_portal(template: str, part: str | None = None, /, status: int = 200, **context: object) -> Response:
    """Show a page of a conversation in the layout of the portal that is open."""
    return show(template, part, status, layout=f"layouts/{g.portal}.html", portal=g.portal, **context)


@client.page("/threads/<int:thread_id>", Permission.READ_THREADS)
@worker.page("/threads/<int:thread_id>", Permission.READ_THREADS)
@staff.page("/threads/<int:thread_id>", Permission.SEE_THREADS)
def show_thread(thread_id: int) -> Response:
    found = opened_thread(g.user, thread_id)
    if found is None:
        return _elsewhere([file for file in _other_files() if opened_thread(file, thread_id)])
    thread, heading = found
    g.open_thread = thread_id
    return _page(thread, heading, _form("agency" if request.args.get("internal") == "1" else "all"))


def _other_files() -> list[User]:
    """What else the login of this request opens in this portal."""
    return [file for file in g.files if file.role in PORTALS[g.portal].roles and file.key != g.user.key]


def _elsewhere(files: list[User]) -> Response:
    """A mail knows of one file, the browser has another one open: offer to change over to those that show the page."""
    if not files:
        abort(404)
    return in_portal("threads/elsewhere.html", files=files, page_url=request.path)


def _form(audience: str | None = None) -> WriteForm:
    """The box in which the person writes.

    Args:
        audience: who reads it, of the staff's, until they say otherwise; what was sent says it itself.
    """
    return StaffWriteForm(audience=audience) if is_staff(g.user) else WriteForm()


def _page(thread: Thread, heading: Heading, form: WriteForm, status: int = 200) -> Response:
    closed, before = is_closed_to(g.user, thread), number_in(request.args.get("before"))
    return in_portal("threads/show.html", "threads/_write.html", status, heading=heading,
                     **around(thread, closed), **said(thread, before, closed=closed), form=form)  # fmt: skip


def around(thread: Thread, closed: bool) -> dict[str, Any]:
    """What stands above and below the messages; `closed` to this person's writing or not."""
    panels = [panel for make in wires.thread_panels if (panel := make(g.user, thread))]
    barred = BARRED[g.portal] if closed else None
    return {"panels": panels, "readers": _readers(thread), "barred": barred, "may_open": _may_open()}


def _readers(thread: Thread) -> list[str]:
    readers = readers_of(thread, is_staff(g.user)) if thread.published else []
    return [name for name in readers if name != g.user.name]


def _may_open() -> bool:
    return option("threads.contact") and g.user.sees_threads


def said(thread: Thread, before: int | None = None, *, closed: bool = False) -> dict[str, Any]:
    """What was said in a thread, for the templates that show it. Who has just written in it may correct it."""
    return {"thread": thread, "talk": talk_of(g.user, thread, before, closed=closed), "before": before}


@client.page("/threads/<int:thread_id>/messages", Permission.READ_THREADS, methods=("POST",))
@worker.page("/threads/<int:thread_id>/messages", Permission.READ_THREADS, methods=("POST",))
@staff.page("/threads/<int:thread_id>/messages", Permission.WRITE_THREADS, methods=("POST",))
def write_message(thread_id: int) -> Response:
    thread, heading = opened_thread(g.user, thread_id) or abort(404)
    form = _form()
    if status := refused(form, lambda: _write(thread, form)):
        return _page(thread, heading, form, status)
    page = url_for(f"{g.portal}.show_thread", thread_id=thread_id)
    return done(page, fragment="threads/_sent.html", target="#write", read=lambda: _fresh(thread, form),
                portal=g.portal)  # fmt: skip


def _write(thread: Thread, form: WriteForm) -> None:
    """Write what the form holds. Had it arrived already, and was it changed since, its writer is told: nothing of what
    somebody wrote is dropped in silence."""
    message = write(g.user, thread, form.draft)
    if message.thread_id != thread.id or not is_as_sent(message, form.draft):
        raise Refused(ARRIVED, "token")


def _fresh(thread: Thread, written: WriteForm) -> dict[str, Any]:
    """The messages, and an empty box that is read by the same people as before."""
    same = {"audience": written.audience.data} if isinstance(written, StaffWriteForm) else {}
    form = type(written)(formdata=None, **same)
    return {"readers": _readers(thread), "barred": None, "may_open": False, **said(thread), "form": form}
