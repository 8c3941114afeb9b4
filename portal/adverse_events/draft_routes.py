"""*Déclarer un événement indésirable*: the steps of a report, on the staff's portal."""

from typing import cast

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal import clock
from portal.adverse_events import draft_files, drafts, filling
from portal.adverse_events.fact_forms import EffectsForm, FilesForm
from portal.adverse_events.models import EventDraft, Mode
from portal.adverse_events.people_forms import PeopleForm, names_of_clients
from portal.adverse_events.queries import event_of
from portal.adverse_events.reporting import Declared, declared
from portal.adverse_events.short import CODE_SHOWN
from portal.adverse_events.words import MODE_HINTS, MODULE, NATURE_HINTS
from portal.errors import Refused
from portal.extensions import db
from portal.files.queries import serve
from portal.forms import clean_text, number_in
from portal.htmx import answer
from portal.links import new_public_id
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission

REPORT = Permission.REPORT_EVENTS
OURS = ("csrf_token", "go", "seen", "window", "files")  # what a page sends beside what was typed
DRAFT = "/adverse-events/drafts/<token>"
WRITTEN = ", ".join(filling.FORMS)  # the steps in which something is typed


@staff.page("/adverse-events/drafts", REPORT, module=MODULE)
def list_event_drafts() -> Response:
    """What was begun and not sent, and the way to begin."""
    own = drafts.drafts_of(g.user)
    return show("adverse_events/drafts.html", drafts=own, labels=filling.LABELS, names=names_of_clients(g.user, own))


@staff.page("/adverse-events/drafts/begin", REPORT, methods=("POST",), module=MODULE)
def begin_event() -> Response:
    about = {name: number_in(request.form.get(name)) for name in ("client_id", "visit_id", "incident_id")}
    try:
        draft = drafts.begin_draft(g.user, **about)
    except LookupError:
        abort(404)
    return done(_address(draft, draft.step))


@staff.page(f"{DRAFT}/<any({WRITTEN}, check):step>", REPORT, methods=("GET", "POST"), module=MODULE)
def fill_event(token: str, step: str) -> Response:
    """One step. Whatever was typed is kept; the next step opens once this one is complete."""
    draft = drafts.draft_of(g.user, token)
    if draft is None:
        return _gone(token)
    if step == "check":
        return _check(draft)
    if request.method == "GET":
        return _page(draft, step, checked="check" in request.args)
    try:
        _keep(draft, step, _attach(draft, step), leaves=True)
    except drafts.Late as late:
        return _conflict(draft, step, late)
    return done(_after(draft, step, request.form.get("go", "next")))


@staff.page(f"{DRAFT}/<any({WRITTEN}):step>/keep", REPORT, methods=("POST",), module=MODULE)
def keep_event(token: str, step: str) -> Response:
    """What a page keeps by itself while somebody types: a word on it, and what is proposed now."""
    draft = drafts.draft_of(g.user, token) or abort(404)
    try:
        if not drafts.was_left(draft, step, request.form.get("window", "")):
            _keep(draft, step)
    except drafts.Late as late:
        return answer(render_template("adverse_events/_kept.html", refusal=late.message, form=None), 200)
    form = filling.form_of(g.user, draft, step)
    return answer(render_template("adverse_events/_kept.html", refusal=None, form=form, step=step, draft=draft))


@staff.page(f"{DRAFT}/delete", REPORT, methods=("GET", "POST"), module=MODULE)
def delete_event_draft(token: str) -> Response:
    draft = drafts.draft_of(g.user, token) or abort(404)
    if request.method == "GET":
        return show("adverse_events/delete_draft.html", draft=draft, back_url=_address(draft, draft.step))
    drafts.drop_draft(draft)
    flash(_("The draft is deleted."), "success")
    return done(url_for("staff.list_event_drafts"))


@staff.page(f"{DRAFT}/files/<int:file_id>", REPORT, module=MODULE)
def show_draft_file(token: str, file_id: int) -> Response:
    draft = drafts.draft_of(g.user, token) or abort(404)
    return serve(draft_files.file_of(draft, file_id) or abort(404))


@staff.page(f"{DRAFT}/files/<int:file_id>/removal", REPORT, methods=("POST",), module=MODULE)
def remove_draft_file(token: str, file_id: int) -> Response:
    draft = drafts.draft_of(g.user, token) or abort(404)
    draft_files.detach(draft, draft_files.file_of(draft, file_id) or abort(404))
    return done(_address(draft, "facts"))


@staff.page(f"{DRAFT}/send", REPORT, methods=("POST",), module=MODULE)
def send_event(token: str) -> Response:
    """Send it. Sent twice, it is one event, and the same answer."""
    draft = drafts.draft_of(g.user, token)
    if draft is None:
        return _sent(_lately(token) or abort(404))
    if step := filling.first_incomplete(g.user, draft):
        return done(_address(draft, step, check=1))
    try:
        made = filling.send(g.user, draft)
    except Refused as refusal:
        db.session.rollback()
        return _check(cast("EventDraft", drafts.draft_of(g.user, token)), refusal)
    return _sent(made)


def _lately(token: str) -> Declared | None:
    """What was sent with this draft; the code of an anonymous one is shown again only to a form sent twice."""
    made = declared(token)
    is_old = made is not None and made.event.declared_at < clock.now() - CODE_SHOWN
    return None if made is None or (made.code and is_old) else made


def _address(draft: EventDraft, step: str, **more: object) -> str:
    return url_for("staff.fill_event", token=draft.token, step=step, **more)  # ty: ignore[invalid-argument-type]


def _keep(draft: EventDraft, step: str, refused: str | None = None, *, leaves: bool = False) -> None:
    typed = {name: [str(clean_text(one)) for one in request.form.getlist(name)]
             for name in request.form if name not in OURS}  # fmt: skip
    seen, window = number_in(request.form.get("seen")) or 0, request.form.get("window", "")[:40]
    drafts.keep_step(draft, step, typed, seen, window, refused, leaves=leaves)


def _attach(draft: EventDraft, step: str) -> str | None:
    """Keep what was attached to a step; return why some of it was refused."""
    refusals = draft_files.keep_sent(g.user, draft, FilesForm().files) if step == "facts" else ()
    return " ".join(refusals) or None


def _after(draft: EventDraft, step: str, go: str) -> str:
    """Where it goes from a step: on if it is complete, back, to the list, or to the same step."""
    if go == "later":
        flash(_("The draft is saved."), "success")
        return url_for("staff.list_event_drafts")
    if go == "back":
        return _address(draft, filling.before(step))
    form = filling.form_of(g.user, draft, step)
    if go == "stay" or drafts.refusal_of(draft, step) or (isinstance(form, PeopleForm) and _asks_more(form)):
        return _address(draft, step)
    if go in filling.FORMS:
        return _address(draft, go)
    return _address(draft, filling.next_of(step)) if form.check() else _address(draft, step, check=1)


def _asks_more(form: PeopleForm) -> bool:
    """Whether a client was just chosen, so that the page has more to ask."""
    return form.is_chosen and form.is_new_client


def _gone(token: str) -> Response:
    """A draft that is not there: it was sent, or is nobody's."""
    made = declared(token)
    if made is None or made.event.mode == Mode.ANONYMOUS or event_of(g.user, made.event.id) is None:
        abort(404)
    return redirect(_after_sending(made))


def _after_sending(made: Declared) -> str:
    """The page of the event, if the report has a name. Each reading of it is kept: whoever read it in the moment in
    which it was reported would be who reported it."""
    if made.event.mode == Mode.NAMED:
        return url_for("staff.show_event", event_id=made.event.id)
    return url_for("staff.list_event_drafts")


def _page(draft: EventDraft, step: str, status: int = 200, *, checked: bool = False, **more: object) -> Response:
    form = filling.form_of(g.user, draft, step)
    if checked:
        form.check()
    known = {"seen": drafts.version_of(draft, step), "standing": [], "refusal": None, **more}
    return show(
        "adverse_events/step.html", None, status, draft=draft, step=step, form=form, steps=filling.line(draft, step),
        heading=filling.LABELS[step], window=new_public_id(), mode_hints=MODE_HINTS, nature_hints=NATURE_HINTS,
        proposes=isinstance(form, EffectsForm), **known,
    )  # fmt: skip


def _conflict(draft: EventDraft, step: str, late: drafts.Late) -> Response:
    """What was typed here, beside what stands by now; saving again is meant then."""
    standing = filling.form_of(g.user, draft, step).said()
    seen = drafts.version_of(draft, step)
    kept = draft.typed
    _overlay(draft, step)
    page = _page(draft, step, 409, refusal=late.message, standing=standing, seen=seen)
    draft.typed = kept
    return page


def _overlay(draft: EventDraft, step: str) -> None:
    """Show a step as it was typed here; nothing of it is written: the answer is a refusal."""
    typed = {name: request.form.getlist(name) for name in request.form if name not in OURS}
    with db.session.no_autoflush:
        draft.typed = {**draft.typed, step: {**draft.typed.get(step, {}), "values": typed}}


def _check(draft: EventDraft, refusal: Refused | None = None) -> Response:
    """All that was answered, and what sending does."""
    summary = filling.summary(g.user, draft)
    return show(
        "adverse_events/check.html", None, 409 if refusal else 200, draft=draft, summary=summary,
        steps=filling.line(draft, "check"), complete=all(one.complete for one in summary),
        refusal=refusal.message if refusal else None, mode=filling.form_of(g.user, draft, "who").answers()["mode"],
    )  # fmt: skip


def _sent(made: Declared) -> Response:
    """An anonymous report shows its code, once and here alone; one with a name leads to its event."""
    if made.code:
        return show("adverse_events/sent.html", code=made.code)
    flash(_("The adverse event %(reference)s is reported.", reference=made.event.reference), "success")
    return done(_after_sending(made))
