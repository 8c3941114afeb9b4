"""The staff's page of a complaint, and what is done there."""

from collections.abc import Callable

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.complaints import following
from portal.complaints.follow_forms import AnswerForm, ChangeForm, DeedForm, ReopenForm, ResolveForm
from portal.complaints.models import Complaint
from portal.complaints.page import common, staff_page
from portal.complaints.queries import complaint_of
from portal.forms import refused
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission

MODULE = "complaints.enabled"
HEADINGS = {
    "acknowledge": _l("Acknowledge the receipt"),
    "wait": _l("Announce that it takes longer"),
    "answer": _l("Answer the complaint"),
    "resolve": _l("Close the complaint"),
    "reopen": _l("Reopen the complaint"),
    "change": _l("Subject, channel, in the hands of"),
}

PARTS = {
    "acknowledge": "complaints/_acknowledge_form.html",
    "wait": "complaints/_wait_form.html",
    "answer": "complaints/_answer_form.html",
    "resolve": "complaints/_resolve_form.html",
    "reopen": "complaints/_reopen_form.html",
    "change": "complaints/_change_form.html",
}


def _complaint_or_404(complaint_id: int) -> Complaint:
    return complaint_of(g.user, complaint_id) or abort(404)


@staff.page("/complaints/<int:complaint_id>", Permission.SEE_COMPLAINTS, module=MODULE)
def show_complaint(complaint_id: int) -> Response:
    said = staff_page(g.user, _complaint_or_404(complaint_id))
    return show("complaints/show.html", headings=HEADINGS, **said)


@staff.page("/complaints/<int:complaint_id>/receipt", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def acknowledge_complaint(complaint_id: int) -> Response:
    complaint = _complaint_or_404(complaint_id)
    form = DeedForm(complaint)
    said = _("The receipt is acknowledged.")
    return _do("acknowledge", form, lambda: following.acknowledge(g.user, complaint, form.version_shown), said)


@staff.page("/complaints/<int:complaint_id>/delay", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def announce_delay(complaint_id: int) -> Response:
    """The waiting letter: the answer takes longer."""
    complaint = _complaint_or_404(complaint_id)
    form = DeedForm(complaint)
    said = _("It is announced that the answer takes longer.")
    return _do("wait", form, lambda: following.announce_delay(g.user, complaint, form.version_shown), said)


@staff.page("/complaints/<int:complaint_id>/answer", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def answer_complaint(complaint_id: int) -> Response:
    complaint = _complaint_or_404(complaint_id)
    form = AnswerForm(complaint)
    act = lambda: following.answer(g.user, complaint, form.text.data or "", form.version_shown)  # noqa: E731
    return _do("answer", form, act, _("The answer is sent."))


@staff.page("/complaints/<int:complaint_id>/end", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def resolve_complaint(complaint_id: int) -> Response:
    complaint = _complaint_or_404(complaint_id)
    form = ResolveForm(complaint)
    act = lambda: following.resolve(g.user, complaint, str(form.outcome.data), form.version_shown)  # noqa: E731
    return _do("resolve", form, act, _("The complaint is closed, and its note is finished."))


@staff.page("/complaints/<int:complaint_id>/reopen", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def reopen_complaint(complaint_id: int) -> Response:
    complaint = _complaint_or_404(complaint_id)
    form = ReopenForm(complaint)
    act = lambda: following.reopen(g.user, complaint, form.why.data or "", form.version_shown)  # noqa: E731
    return _do("reopen", form, act, _("The complaint is open again."))


@staff.page("/complaints/<int:complaint_id>/change", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def change_complaint(complaint_id: int) -> Response:
    """What it is about, how it came, who has it in hand."""
    complaint = _complaint_or_404(complaint_id)
    form = ChangeForm(complaint)
    act = lambda: following.change(g.user, complaint, form.typed(), form.version_shown)  # noqa: E731
    return _do("change", form, act, _("The complaint is saved."))


def _do(deed: str, form: DeedForm, act: Callable[[], object], said: str) -> Response:
    """Ask, in the dialog or on a page of its own, and do it."""
    complaint = form.complaint
    page_url = url_for("staff.show_complaint", complaint_id=complaint.id)
    if status := refused(form, act):
        return show(
            "complaints/deed.html", "complaints/_deed.html", status, part=PARTS[deed], heading=HEADINGS[deed],
            form=form, back_url=page_url, action_url=request.path, **common(complaint),
        )  # fmt: skip
    flash(said, "success")
    return done(page_url)
