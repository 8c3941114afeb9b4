"""The staff's page of a complaint, and what is done there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, g, request, url_for
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
ASKED = ("GET", "POST")  # of a deed: the question, then the answer


@dataclass(frozen=True)
class Deed:
    """Something that staff do with a complaint.

    Attributes:
        heading: of the question, and of the button that asks it.
        part: the template of its form.
        form: what it asks.
        act: does it, as the form says.
        said: once it is done.
    """

    heading: object
    part: str
    form: type[DeedForm]
    act: Callable[[Any], object]
    said: object


DEEDS = {
    "acknowledge": Deed(
        _l("Acknowledge the receipt"), "complaints/_acknowledge_form.html", DeedForm,
        lambda form: following.acknowledge(g.user, form.complaint, form.version_shown),
        _l("The receipt is acknowledged."),
    ),
    "wait": Deed(
        _l("Announce that it takes longer"), "complaints/_wait_form.html", DeedForm,
        lambda form: following.announce_delay(g.user, form.complaint, form.version_shown),
        _l("It is announced that the answer takes longer."),
    ),
    "answer": Deed(
        _l("Answer the complaint"), "complaints/_answer_form.html", AnswerForm,
        lambda form: following.answer(g.user, form.complaint, form.text.data or "", form.version_shown),
        _l("The answer is sent."),
    ),
    "resolve": Deed(
        _l("Close the complaint"), "complaints/_resolve_form.html", ResolveForm,
        lambda form: following.resolve(g.user, form.complaint, str(form.outcome.data), form.version_shown),
        _l("The complaint is closed, and its note is finished."),
    ),
    "reopen": Deed(
        _l("Reopen the complaint"), "complaints/_reopen_form.html", ReopenForm,
        lambda form: following.reopen(g.user, form.complaint, form.why.data or "", form.version_shown),
        _l("The complaint is open again."),
    ),
    "change": Deed(
        _l("Subject, channel, in the hands of"), "complaints/_change_form.html", ChangeForm,
        lambda form: following.change(g.user, form.complaint, form.typed(), form.version_shown),
        _l("The complaint is saved."),
    ),
}  # fmt: skip


def _complaint_or_404(complaint_id: int) -> Complaint:
    return complaint_of(g.user, complaint_id) or abort(404)


@staff.page("/complaints/<int:complaint_id>", Permission.SEE_COMPLAINTS, module=MODULE)
def show_complaint(complaint_id: int) -> Response:
    said = staff_page(g.user, _complaint_or_404(complaint_id))
    return show("complaints/show.html", headings={name: deed.heading for name, deed in DEEDS.items()}, **said)


@staff.page("/complaints/<int:complaint_id>/receipt", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def acknowledge_complaint(complaint_id: int) -> Response:
    return _ask("acknowledge", complaint_id)


@staff.page("/complaints/<int:complaint_id>/delay", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def announce_delay(complaint_id: int) -> Response:
    """The waiting letter: the answer takes longer."""
    return _ask("wait", complaint_id)


@staff.page("/complaints/<int:complaint_id>/answer", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def answer_complaint(complaint_id: int) -> Response:
    return _ask("answer", complaint_id)


@staff.page("/complaints/<int:complaint_id>/end", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def resolve_complaint(complaint_id: int) -> Response:
    return _ask("resolve", complaint_id)


@staff.page("/complaints/<int:complaint_id>/reopen", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def reopen_complaint(complaint_id: int) -> Response:
    return _ask("reopen", complaint_id)


@staff.page("/complaints/<int:complaint_id>/change", Permission.HANDLE_COMPLAINTS, methods=ASKED, module=MODULE)
def change_complaint(complaint_id: int) -> Response:
    """What it is about, how it came, who has it in hand."""
    return _ask("change", complaint_id)


def _ask(name: str, complaint_id: int) -> Response:
    """Ask, in the dialog or on a page of its own, and do it."""
    complaint, deed = _complaint_or_404(complaint_id), DEEDS[name]
    form = deed.form(complaint)
    page_url = url_for("staff.show_complaint", complaint_id=complaint.id)
    if status := refused(form, lambda: deed.act(form)):
        return show(
            "complaints/deed.html", "complaints/_deed.html", status, part=deed.part,
            heading=deed.heading, form=form, back_url=page_url, action_url=request.path, **common(complaint),
        )  # fmt: skip
    flash(str(deed.said), "success")
    return done(page_url)
