"""A conversation while somebody has it open: what is new, how far they have read, and the files in it."""

from flask import abort, g, redirect, url_for
from werkzeug.wrappers import Response

from portal.files.queries import serve
from portal.forms import number_in
from portal.htmx import answer, request
from portal.portals import client, staff, worker
from portal.roles import Permission
from portal.threads.actions import mark_read
from portal.threads.queries import attachment_of, is_closed_to, is_staff, thread_of
from portal.threads.reading import opened_thread, present_tag
from portal.threads.routes import around, in_portal, said


@client.page("/threads/<int:thread_id>/news", Permission.READ_THREADS)
@worker.page("/threads/<int:thread_id>/news", Permission.READ_THREADS)
@staff.page("/threads/<int:thread_id>/news", Permission.SEE_THREADS)
def poll_thread(thread_id: int) -> Response:
    """The messages and what stands around them, asked for every few seconds by each page that is open: mostly there is
    nothing new to say, and that is said without reading or drawing anything."""
    if (request.headers.get("HX-PTag") or "-") == (present_tag(g.user, thread_id) or abort(404)):
        return Response(status=304)
    thread, heading = opened_thread(g.user, thread_id) or abort(404)
    closed = is_closed_to(g.user, thread)
    shown = said(thread, closed=closed)
    news = in_portal("threads/_news.html", heading=heading, **around(thread, closed), **shown)
    news.headers["HX-PTag"] = shown["talk"].tag
    return news


@client.page("/threads/<int:thread_id>/reading", Permission.READ_THREADS, methods=("POST",))
@worker.page("/threads/<int:thread_id>/reading", Permission.READ_THREADS, methods=("POST",))
@staff.page("/threads/<int:thread_id>/reading", Permission.SEE_THREADS, methods=("POST",))
def mark_thread_read(thread_id: int) -> Response:
    """Note how far one has read: the page says so itself where there are scripts, by a button where there are none."""
    thread = thread_of(g.user, thread_id) or abort(404)
    last_id = thread.last_id if is_staff(g.user) else thread.shown_id
    mark_read(g.user, thread, min(number_in(request.form.get("message")) or 0, last_id))
    if request.wants_fragment:
        return answer("", event="thread-read")  # in place of the form, which has done its work
    return redirect(url_for(f"{g.portal}.show_thread", thread_id=thread_id), 303)


@client.page("/threads/<int:thread_id>/files/<token>", Permission.READ_THREADS)
@worker.page("/threads/<int:thread_id>/files/<token>", Permission.READ_THREADS)
@staff.page("/threads/<int:thread_id>/files/<token>", Permission.SEE_THREADS)
def show_attachment(thread_id: int, token: str) -> Response:
    return serve(attachment_of(g.user, thread_id, token) or abort(404))


@client.page("/threads/<int:thread_id>/files/<token>/thumbnail", Permission.READ_THREADS)
@worker.page("/threads/<int:thread_id>/files/<token>/thumbnail", Permission.READ_THREADS)
@staff.page("/threads/<int:thread_id>/files/<token>/thumbnail", Permission.SEE_THREADS)
def show_thumbnail(thread_id: int, token: str) -> Response:
    return serve(attachment_of(g.user, thread_id, token) or abort(404), thumbnail=True)
