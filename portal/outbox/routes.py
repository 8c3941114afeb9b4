"""*Messages sortants*: what leaves, what does not and why; the mail as its reader sees it; the deeds of the staff."""

from collections.abc import Callable

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import wires
from portal.i18n import language
from portal.links import NOTHING
from portal.outbox import actions, queries
from portal.outbox.forms import HoldForm, MessagesFilter
from portal.outbox.mail import render
from portal.outbox.models import MAIL, SMS, Message
from portal.outbox.panels import facts_of, trouble
from portal.pages import done, show
from portal.portals import staff
from portal.roles import GRANTS, Permission

TONES = {
    "sent": "done", "failed": "danger", "uncertain": "attention", "retry": "attention", "due": "info",
    "scheduled": "info", "sending": "info",
}  # fmt: skip


@staff.page("/outbox", Permission.SEE_OUTBOX)
def list_messages() -> Response:
    filters = MessagesFilter(request.args)
    page = queries.list_messages(g.user, filters.narrowed())
    return show("outbox/list.html", "outbox/_rows.html", page=page, filters=filters,
                trouble=trouble(g.user), **labels())  # fmt: skip


def labels() -> dict:
    return {
        "state_labels": queries.STATE_LABELS, "reason_labels": queries.REASON_LABELS, "tones": TONES,
        "kind_labels": {name: kind.label for name, kind in wires.message_kinds.items()},
        "no_server": not queries.has_mail_server(),
        "no_way": {way for way in (MAIL, SMS) if not queries.has_way_out(way)},
        "may_hold": Permission.HOLD_OUTBOX in GRANTS[g.user.role],
    }  # fmt: skip


def message_or_404(message_id: int) -> Message:
    return queries.message_of(g.user, message_id) or abort(404)


@staff.page("/outbox/<int:message_id>", Permission.SEE_OUTBOX)
def show_message(message_id: int) -> Response:
    message = message_or_404(message_id)
    facts = sorted(facts_of(g.user, [message], named=False), key=lambda fact: (fact.to_come, fact.at))
    return show(
        "outbox/show.html", message=message, about=queries.about(message), facts=facts, parts=_preview(message),
        trouble=trouble(g.user), may_send_again=_allows(actions.refuse_to_send_again, message),
        may_cancel=_allows(actions.refuse_to_cancel, message), **labels(),
    )  # fmt: skip


@staff.page("/outbox/<int:message_id>/preview", Permission.SEE_OUTBOX)
def preview_message(message_id: int) -> str:
    """The mail itself, for the frame: a page with a policy of its own, in which nothing runs."""
    return _preview(message_or_404(message_id))["html"]


def _preview(message: Message) -> dict[str, str]:
    """Write the mail anew with links that open nothing: who reads it here is not who it is for."""
    kind = wires.message_kinds[message.kind]
    reader = None if message.language else kind.reader(message)
    chosen = message.language or (reader.language if reader else language())
    return render(message, kind, chosen, lambda _purpose, _public_id: NOTHING)


# ---- deeds: each puts a question first, in the dialog or as a page, and says what will happen ----


@staff.page("/outbox/<int:message_id>/again", Permission.MANAGE_OUTBOX, methods=("GET", "POST"))
def send_again(message_id: int) -> Response:
    message = message_or_404(message_id)
    try:
        actions.refuse_to_send_again(message)
        if request.method == "POST":
            actions.send_again(g.user, message)
            flash(_("Asked for. The history below says when the message has left."), "info")
            return done(url_for("staff.show_message", message_id=message_id))
    except Refused as refusal:
        return _question("again", message, refusal=refusal.message)
    return _question("again", message, reader=wires.message_kinds[message.kind].reader(message))


@staff.page("/outbox/<int:message_id>/cancellation", Permission.MANAGE_OUTBOX, methods=("GET", "POST"))
def cancel_message(message_id: int) -> Response:
    message = message_or_404(message_id)
    try:
        actions.refuse_to_cancel(message)
        if request.method == "POST":
            actions.cancel_message(g.user, message)
            flash(_("The message is taken back: it does not leave."), "success")
            return done(url_for("staff.show_message", message_id=message_id))
    except Refused as refusal:
        return _question("cancel", message, refusal=refusal.message)
    return _question("cancel", message)


def _question(deed: str, message: Message, refusal: object = None, reader: object = None) -> Response:
    return show(
        "outbox/question.html", "outbox/_question.html", status=409 if refusal else 200, deed=deed, message=message,
        about=queries.about(message), reader=reader, trouble=trouble(g.user), refusal=refusal, **labels(),
    )  # fmt: skip


def _allows(refuse: Callable[[Message], None], message: Message) -> bool:
    try:
        refuse(message)
    except Refused:
        return False
    return True


@staff.page("/outbox/hold", Permission.HOLD_OUTBOX, methods=("GET", "POST"))
def hold_messages() -> Response:
    form = HoldForm()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return show("outbox/hold.html", "outbox/_hold.html", status=status, form=form, trouble=trouble(g.user))
    if actions.hold_channel(g.user, form.why.data or ""):
        flash(_("Messages are held: none leaves until somebody lets them go."), "success")
    else:
        flash(_("Messages were held already, by somebody else."), "info")
    return done(url_for("staff.list_messages"))


@staff.page("/outbox/release", Permission.HOLD_OUTBOX, methods=("POST",))
def release_messages() -> Response:
    found = trouble(g.user)
    actions.release_channel(g.user)
    flash(_("Messages are no longer held: what waits leaves now."), "success")
    missed = found.missed if found else 0
    if missed:
        flash(ngettext("%(num)s message has become too late meanwhile.",
                       "%(num)s messages have become too late meanwhile.", missed), "warning")  # fmt: skip
    return done(url_for("staff.list_messages", reason="held" if missed else None))
