"""Adverse events on the portals of clients and workers: a short report, what became of it, what staff open to the
worker concerned."""

from collections.abc import Sequence

from flask import abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.throttles import place_of
from portal.adverse_events import draft_files, drafts, own, short
from portal.adverse_events.models import AdverseEvent, EventDraft
from portal.adverse_events.short_forms import CodeForm, SendingForm, WhatForm, WordForm, token_sent
from portal.adverse_events.words import MODULE
from portal.audit.actions import note_reading
from portal.errors import Refused
from portal.files.queries import serve
from portal.forms import number_in, refused
from portal.pages import done, show
from portal.portals import client, staff, worker
from portal.roles import Permission
from portal.settings.queries import option

PORTAL = "adverse_events.portal"
FILE = "/adverse-events/drafts/<int:draft_id>/files/<int:file_id>"


def in_portal(template: str, status: int = 200, **context: object) -> Response:
    return show(template, status=status, layout=f"layouts/{g.portal}.html", portal=g.portal, **context)


def reporters_only() -> None:
    """Relatives report what the client's file lets them write about."""
    if not option(MODULE) or not g.user.sees_threads:
        abort(404)


@client.page("/adverse-events", Permission.REPORT_EVENTS, module=MODULE)
@worker.page("/adverse-events", Permission.REPORT_EVENTS, module=MODULE)
def list_reports() -> Response:
    """*Mes signalements*: what one has reported, what is not sent yet, what staff have opened to one. No reading of it
    is kept: the log would tell who reported in confidence."""
    reporters_only()
    may_report = option(PORTAL)
    return in_portal(
        "adverse_events/own_list.html", reports=own.list_own(g.user),
        drafts=short.drafts_of(g.user) if may_report else [], opened=own.list_opened(g.user), may_report=may_report,
    )  # fmt: skip


@client.page("/adverse-events/new", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=PORTAL)
@worker.page("/adverse-events/new", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=PORTAL)
def begin_report() -> Response:
    """The first screen: when, with whom, what about, what happened."""
    reporters_only()
    form = WhatForm(number_in(request.args.get("visit")))
    return _first_screen(form, None)


@client.page("/adverse-events/drafts/<int:draft_id>", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=PORTAL)
@worker.page("/adverse-events/drafts/<int:draft_id>", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=PORTAL)
def resume_report(draft_id: int) -> Response:
    """The first screen once more, as it was left."""
    draft = _draft_or_404(draft_id)
    kept = draft.typed.get("what")
    form = WhatForm(_visit_of(kept), None if request.method == "POST" else kept, draft.token)
    if "check" in request.args:
        form.validate()
    return _first_screen(form, draft)


def _first_screen(form: WhatForm, draft: EventDraft | None) -> Response:
    saved: list[EventDraft] = []
    keep = lambda: saved.append(short.save_draft(g.user, str(form.token.data), "what", form.typed))  # noqa: E731
    if status := refused(form, keep):
        return in_portal("adverse_events/short_what.html", status, form=form, draft=draft)
    return redirect(url_for(f"{g.portal}.send_report", draft_id=saved[0].id), 303)


def _visit_of(kept: dict | None) -> int | None:
    type_, _colon, number = str((kept or {}).get("subject", "")).partition(":")
    return number_in(number) if type_ == "visit" else None


def _draft_or_404(draft_id: int) -> EventDraft:
    reporters_only()
    return short.draft_of(g.user, draft_id) or abort(404)


@client.page("/adverse-events/drafts/<int:draft_id>/sending", Permission.REPORT_EVENTS, methods=("GET", "POST"),
             module=PORTAL)  # fmt: skip
@worker.page("/adverse-events/drafts/<int:draft_id>/sending", Permission.REPORT_EVENTS, methods=("GET", "POST"),
             module=PORTAL)  # fmt: skip
def send_report(draft_id: int) -> Response:
    """The second screen: how grave, whether rescue was called, with a name or not. It sends the report."""
    reporters_only()
    token = token_sent(request.form.get("token"))
    if request.method == "POST" and (twin := short.sent_before(token)):
        return _sent(twin)
    draft = _draft_or_404(draft_id)
    form = SendingForm(draft.token, None if request.method == "POST" else draft.typed.get("sending"))
    refusals = draft_files.keep_sent(g.user, draft, form.files)
    if request.form.get("go") == "back":
        short.save_draft(g.user, draft.token, "sending", {**form.typed, "refused": refusals})
        return redirect(url_for(f"{g.portal}.resume_report", draft_id=draft_id), 303)
    return _send(draft, form, refusals)


def _send(draft: EventDraft, form: SendingForm, refusals: Sequence[str]) -> Response:
    kept = draft.typed.get("what")
    what = WhatForm(_visit_of(kept), kept, draft.token, csrf=False)
    if not what.validate():
        return redirect(url_for(f"{g.portal}.resume_report", draft_id=draft.id, check=1), 303)
    made: list[short.Declared] = []
    deed = lambda: made.append(short.send(g.user, draft, what.what(), form.sending()))  # noqa: E731
    if refusals:
        form.validate()  # what else is missing is said along with it
        for sentence in refusals:
            form.refuse(Refused(sentence, "files"))
    if status := 409 if refusals else refused(form, deed):
        return in_portal("adverse_events/short_sending.html", status, form=form, draft=draft)
    return _sent(made[0])


def _sent(sent: short.Declared) -> Response:
    """Of an anonymous report the code is shown with this answer alone: it stands at no address."""
    if sent.event.code_hash:
        return in_portal("adverse_events/sent_anonymously.html", code=sent.code)
    flash(_("Your report is sent. You will read here what becomes of it."), "success")
    return done(url_for(f"{g.portal}.list_reports"))


@client.page("/adverse-events/drafts/<int:draft_id>/discarding", Permission.REPORT_EVENTS, methods=("POST",),
             module=PORTAL)  # fmt: skip
@worker.page("/adverse-events/drafts/<int:draft_id>/discarding", Permission.REPORT_EVENTS, methods=("POST",),
             module=PORTAL)  # fmt: skip
def discard_report(draft_id: int) -> Response:
    drafts.drop_draft(_draft_or_404(draft_id))
    flash(_("What you had begun is deleted."), "success")
    return done(url_for(f"{g.portal}.list_reports"))


@client.page(FILE, Permission.REPORT_EVENTS, module=PORTAL)
@worker.page(FILE, Permission.REPORT_EVENTS, module=PORTAL)
def show_draft_file(draft_id: int, file_id: int) -> Response:
    return serve(draft_files.file_of(_draft_or_404(draft_id), file_id) or abort(404))


@client.page(f"{FILE}/removal", Permission.REPORT_EVENTS, methods=("POST",), module=PORTAL)
@worker.page(f"{FILE}/removal", Permission.REPORT_EVENTS, methods=("POST",), module=PORTAL)
def remove_draft_file(draft_id: int, file_id: int) -> Response:
    """Forget a file of the draft; what else was answered on the screen is kept, and what was attached with it."""
    draft = _draft_or_404(draft_id)
    form = SendingForm(draft.token)
    refusals = draft_files.keep_sent(g.user, draft, form.files)
    short.save_draft(g.user, draft.token, "sending", {**form.typed, "refused": refusals})
    draft_files.detach(draft, draft_files.file_of(draft, file_id) or abort(404))
    return done(url_for(f"{g.portal}.send_report", draft_id=draft_id))


@client.page("/adverse-events/code", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=MODULE)
@worker.page("/adverse-events/code", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=MODULE)
@staff.page("/adverse-events/code", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=MODULE)
def follow_report() -> Response:
    """What became of an anonymous report, for who has its code: staff report without their name as well."""
    reporters_only()
    form, found = CodeForm(), list[AdverseEvent]()
    if form.validate_on_submit():
        try:
            found.append(own.event_of_code(g.user, str(form.code.data), place_of(request.remote_addr)))
        except Refused as refusal:
            form.refuse(refusal)
            return in_portal(_by_code(), refusal.status, form=form, answer=None)
    status = 422 if form.errors else 200
    return in_portal(_by_code(), status, form=form, answer=own.answer_to(found[0]) if found else None)


def _by_code() -> str:
    return "adverse_events/staff_follow.html" if g.portal == staff.name else "adverse_events/follow.html"


@worker.page("/adverse-events/opened/<int:event_id>", Permission.REPORT_EVENTS, methods=("GET", "POST"), module=MODULE)
def show_opened_event(event_id: int) -> Response:
    """What staff have opened to the worker concerned: the facts, and a word of their own. Each reading is kept."""
    event = own.opened_event(g.user, event_id) or abort(404)
    note_reading(g.user, ("adverse_event", event_id), "opened")
    form = WordForm(word=event.worker_word)
    if status := refused(form, lambda: own.give_word(g.user, event, str(form.word.data))):
        return in_portal("adverse_events/opened.html", status, event=event, form=form, takes_word=own.takes_word(event))
    flash(_("Your word is kept. You can change it until the event is closed."), "success")
    return done(request.path)
