"""What is done to messages and threads that are there: correcting, withdrawing, archiving, marking as unread."""

from collections.abc import Callable

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.forms import PortalForm, refused
from portal.htmx import request
from portal.pages import done
from portal.portals import client, staff, worker
from portal.roles import Permission
from portal.threads import changes
from portal.threads.forms import CorrectForm, WithdrawForm
from portal.threads.models import Thread, ThreadMessage
from portal.threads.queries import message_of, thread_of
from portal.threads.routes import in_portal, said


@client.page("/threads/<int:thread_id>/messages/<int:message_id>/correction", Permission.READ_THREADS,
             methods=("GET", "POST"))  # fmt: skip
@worker.page("/threads/<int:thread_id>/messages/<int:message_id>/correction", Permission.READ_THREADS,
             methods=("GET", "POST"))  # fmt: skip
@staff.page("/threads/<int:thread_id>/messages/<int:message_id>/correction", Permission.WRITE_THREADS,
            methods=("GET", "POST"))  # fmt: skip
def correct_message(thread_id: int, message_id: int) -> Response:
    """Say something else in place of what one has just said."""
    thread, message = _message(thread_id, message_id)
    form = CorrectForm(data=None if request.method == "POST" else {"text": message.text})
    try:
        changes.refuse_unless_correctable(g.user, thread, message)
    except Refused as refusal:
        return _window(thread, form, _("Correct my message"), 409, refusal.message)
    return _changed(thread, form, _("Correct my message"),
                    lambda: changes.correct_message(g.user, thread, message, form.text.data or ""))  # fmt: skip


@staff.page("/threads/<int:thread_id>/messages/<int:message_id>/withdrawal", Permission.WRITE_THREADS,
            methods=("GET", "POST"))  # fmt: skip
def withdraw_message(thread_id: int, message_id: int) -> Response:
    """Take a message away from the eyes of those outside the agency, with a reason that stands in its place."""
    thread, message = _message(thread_id, message_id)
    form = WithdrawForm()
    try:
        changes.refuse_unless_withdrawable(message)
    except Refused as refusal:
        return _window(thread, form, _("Withdraw the message"), 409, refusal.message)
    return _changed(thread, form, _("Withdraw the message"),
                    lambda: changes.withdraw_message(g.user, thread, message, form.reason.data or ""))  # fmt: skip


def _message(thread_id: int, message_id: int) -> tuple[Thread, ThreadMessage]:
    thread = thread_of(g.user, thread_id) or abort(404)
    return thread, message_of(g.user, thread_id, message_id) or abort(404)


def _changed(thread: Thread, form: PortalForm, heading: str, change: Callable[[], None]) -> Response:
    if status := refused(form, change):
        return _window(thread, form, heading, status)
    return done(
        url_for(f"{g.portal}.show_thread", thread_id=thread.id), event="message-changed",
        fragment="threads/_changed.html", read=lambda: said(thread), portal=g.portal,
    )  # fmt: skip


def _window(thread: Thread, form: PortalForm, heading: str, status: int = 200, refusal: object = None) -> Response:
    back = url_for(f"{g.portal}.show_thread", thread_id=thread.id)
    return in_portal("threads/change.html", "threads/_change.html", status, form=form, heading=heading, refusal=refusal,
                     back_url=back)  # fmt: skip


@staff.page("/threads/<int:thread_id>/archive", Permission.WRITE_THREADS, methods=("POST",))
def archive_thread(thread_id: int) -> Response:
    """*À traiter, archivée*: put a conversation aside, or take it up again."""
    thread = thread_of(g.user, thread_id) or abort(404)
    if request.form.get("archived") == "no":
        changes.take_up(g.user, thread)
        flash(_("The conversation is to handle again."), "success")
        return done(url_for("staff.show_thread", thread_id=thread_id))
    changes.archive(g.user, thread)
    flash(_("The conversation is archived. A new message brings it back, unless it is internal."), "success")
    return done(url_for("staff.list_threads"))


@staff.page("/threads/<int:thread_id>/unread", Permission.SEE_THREADS, methods=("POST",))
def mark_unread(thread_id: int) -> Response:
    """Leave a conversation for later, or for a colleague."""
    changes.mark_unread(thread_of(g.user, thread_id) or abort(404))
    flash(_("The conversation counts as unread."), "success")
    return done(url_for("staff.list_threads"))
