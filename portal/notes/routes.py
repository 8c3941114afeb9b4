"""Staff write notes, read them, change them and say where they stand."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.extensions import db, wires
from portal.forms import refused
from portal.notes import queries
from portal.notes.about import about_of, asked_about
from portal.notes.actions import change, move, write
from portal.notes.forms import NoteForm, SituationForm
from portal.notes.models import Note, Origin, Priority, Repeat, Situation
from portal.notes.words import ORIGIN_SENTENCES, PRIORITY_LABELS, REPEAT_LABELS, badges
from portal.organisation.lists import entry_with_code
from portal.organisation.models import ListName
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission

SAID = {
    Situation.TODO: _l("The note is taken up again."),
    Situation.PROGRESS: _l("The note is in progress."),
    Situation.DONE: _l("The note is finished."),
    Situation.CANCELLED: _l("The note is cancelled."),
}


def _note_to_change(note_id: int) -> Note:
    return queries.note_to_change(g.user, note_id) or abort(404)


@staff.page("/notes/<int:note_id>", Permission.KEEP_NOTES)
def show_note(note_id: int) -> Response:
    return _page(queries.note_of(g.user, note_id) or abort(404), SituationForm())


def _page(note: Note, form: SituationForm, status: int = 200) -> Response:
    origin = wires.note_origins.get(note.origin or "")
    return show(
        "notes/show.html", None, status, note=note, form=form, origin=origin,
        badges=badges(note.situation, note.priority, note.remind_at, alert=note.alert),
        sentence=ORIGIN_SENTENCES[Origin(note.origin)] if note.origin else None,
        priority=PRIORITY_LABELS[Priority(note.priority)], repeats=REPEAT_LABELS[Repeat(note.repeats)],
        may_end=queries.may_end(g.user, note), next_id=queries.next_of(note),
    )  # fmt: skip


@staff.page("/notes/new", Permission.KEEP_NOTES, methods=("GET", "POST"))
def write_note() -> Response:
    """On a client, a worker, a colleague or a visit, as the address says; about nobody without."""
    about = asked_about(g.user, request.args) or abort(404)
    category = entry_with_code(ListName.NOTE, request.args.get("category", ""))
    form = NoteForm(g.user, about, category_id=category.id if category else None)
    made: list[Note] = []
    if status := refused(form, lambda: made.append(write(g.user, form.typed()))):
        return show("notes/form.html", None, status, form=form, about=about, note=None,
                    action=request.full_path.rstrip("?"))  # fmt: skip
    flash(_("The note is saved."), "success")
    return done(url_for("staff.show_note", note_id=made[0].id))


@staff.page("/notes/<int:note_id>/editing", Permission.KEEP_NOTES, methods=("GET", "POST"))
def change_note(note_id: int) -> Response:
    note = _note_to_change(note_id)
    form = NoteForm(g.user, about_of(note), note)
    if status := refused(form, lambda: change(g.user, note, form.typed(), form.version_shown)):
        return show("notes/form.html", None, status, form=form, about=form.about, note=note,
                    action=url_for("staff.change_note", note_id=note_id))  # fmt: skip
    flash(_("The note is saved."), "success")
    return done(url_for("staff.show_note", note_id=note_id))


@staff.page("/notes/<int:note_id>/situation", Permission.KEEP_NOTES, methods=("POST",))
def move_note(note_id: int) -> Response:
    """Finish it, cancel it, take it in hand or take it up again, from its page or from a list."""
    note, form = _note_to_change(note_id), SituationForm()
    if status := refused(form, lambda: move(g.user, note, Situation(str(form.situation.data)))):
        db.session.refresh(note)
        return _page(note, form, status)
    flash(str(SAID[Situation(note.situation)]), "success")
    return done(safe_next(request.form.get("next")) or url_for("staff.show_note", note_id=note_id))
