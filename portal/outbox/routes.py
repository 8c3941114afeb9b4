"""*Messages sortants*: what leaves, what does not and why; the mail as its reader sees it."""

from collections.abc import Sequence

from flask import abort, g, request
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.i18n import language
from portal.outbox import queries
from portal.outbox.mail import render
from portal.outbox.models import STATES, Message
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission

STATE_LABELS = {
    "scheduled": _l("Scheduled"),
    "due": _l("About to leave"),
    "sending": _l("Being sent"),
    "retry": _l("Will be tried again"),
    "sent": _l("Sent"),
    "failed": _l("Refused by the mail server"),
    "uncertain": _l("Perhaps sent: the server’s answer was lost"),
    "expired": _l("Too late, not sent"),
    "cancelled": lazy_pgettext("message", "Cancelled"),
    "suppressed": _l("Not sent"),
}
REASON_LABELS = {
    "no_address": _l("no e-mail address"),
    "opted_out": _l("the person wants no rating requests"),
    "too_old": _l("the visit was too long ago"),
    "too_late": _l("it could not leave in time"),
    "already_rated": _l("the visit is already rated"),
    "module_off": _l("ratings are switched off"),
    "visit_cancelled": _l("the visit is cancelled"),
    "inactive": _l("the person’s file is closed"),
    "used": _l("the link has been used"),
    "refused": _l("the address was refused"),
    "poison": _l("it could not be written"),
    "not_low": _l("the rating is not low any more"),
    "looked_at": _l("somebody has looked at it already"),
    "nobody_responsible": _l("nobody of the staff has an e-mail address"),
    "answer_lost": _l("the mail server’s answer was lost twice"),
}
OUTCOME_LABELS = {
    "accepted": _l("accepted"),
    "refused": _l("refused"),
    "later": _l("to be tried again later"),
    "lost": _l("the answer was lost"),
    "closed": _l("the mail server was not there"),
    "died": _l("broken off before the mail left"),
}
TONES = {
    "sent": "done", "failed": "danger", "uncertain": "attention", "retry": "attention", "due": "info",
    "scheduled": "info",
}  # fmt: skip


@staff.page("/outbox", Permission.SEE_OUTBOX)
def list_messages() -> Response:
    state = request.args.get("state", "")
    page = queries.list_messages(g.user, state if state in STATES else None)
    return show("outbox/list.html", page=page, state=state, about=about(page.rows), **labels())


def about(messages: Sequence[Message]) -> dict[int, str]:
    """Whom each message is about: until it leaves, nobody is written on it as its recipient."""
    return wires.message_about([message.id for message in messages])


def labels() -> dict:
    return {
        "state_labels": STATE_LABELS, "reason_labels": REASON_LABELS, "tones": TONES, "outcome_labels": OUTCOME_LABELS,
        "kind_labels": {name: kind.label for name, kind in wires.message_kinds.items()},
        "no_server": not queries.has_mail_server(),
    }  # fmt: skip


def message_or_404(message_id: int) -> Message:
    return queries.message_of(g.user, message_id) or abort(404)


@staff.page("/outbox/<int:message_id>", Permission.SEE_OUTBOX)
def show_message(message_id: int) -> Response:
    message = message_or_404(message_id)
    parts, attempts = _preview(message), queries.attempts_of(message)
    return show("outbox/show.html", message=message, about=about([message]), attempts=attempts, parts=parts, **labels())


@staff.page("/outbox/<int:message_id>/preview", Permission.SEE_OUTBOX)
def preview_message(message_id: int) -> str:
    """The mail itself, for the frame: a page with a policy of its own, in which nothing runs."""
    return _preview(message_or_404(message_id))["html"]


def _preview(message: Message) -> dict[str, str]:
    """Write the mail anew with links that open nothing: who reads it here is not who it is for."""
    kind = wires.message_kinds[message.kind]
    reader = None if message.language else kind.reader(message)
    chosen = message.language or (reader.language if reader else language())
    return render(message, kind, chosen, lambda _purpose, _public_id: "0")
