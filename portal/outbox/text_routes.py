"""*Administration › Notifications*: the texts of all messages that leave, their preview, their versions, a test."""

from difflib import ndiff

from flask import abort, flash, g, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.forms import clean_line, number_in, refused
from portal.htmx import answer
from portal.htmx import request as portal_request
from portal.i18n import offered
from portal.outbox import text_actions, text_queries
from portal.outbox.doubles import doubles
from portal.outbox.letters import Draft, letter_of
from portal.outbox.short import length_of
from portal.outbox.text_forms import TextForm
from portal.outbox.text_preview import parts_of
from portal.outbox.text_queries import Place
from portal.pages import done, show
from portal.portals import staff
from portal.roles import GRANTS, Permission
from portal.settings.forms import in_words
from portal.settings.models import OPTIONS
from portal.settings.queries import option


@staff.page("/notifications", Permission.SEE_TEMPLATES)
def list_texts() -> Response:
    """Every kind of message that leaves, with whose text it has in each language."""
    kinds = [kind for kind in wires.message_kinds.values() if kind.write is None]
    governing = {key: (OPTIONS[key], _said(key)) for kind in kinds for key in kind.governed_by}
    own = text_queries.own_places()
    own_kinds = {(name, channel) for (name, _code, channel), text in own.items() if text.body is not None}
    return show("outbox/texts.html", kinds=kinds, own=own, own_kinds=own_kinds, letter_of=letter_of,
                governing=governing, doubles=doubles(), may_configure=_may(Permission.CHANGE_OPTIONS))  # fmt: skip


def _said(key: str) -> str:
    """What an option that governs a message says at present, in a few words."""
    value = option(key)
    if OPTIONS[key].control == "switch":
        return _("on") if value else _("off")
    return _("off") if value == 0 and key == "ratings.reminder_days" else in_words(OPTIONS[key], value)


def asked_place() -> Place:
    """The text that the address names."""
    kind = wires.message_kinds.get(request.args.get("kind", ""))
    language, channel = offered(request.args.get("language")), request.args.get("channel", "mail")
    if kind is None or kind.write or language is None or channel not in letter_of(kind).channels:
        abort(404)
    return Place(kind, language, channel)


def asked_visit() -> int | None:
    return number_in(request.args.get("visit"))


@staff.page("/notifications/text", Permission.SEE_TEMPLATES)
def show_text() -> Response:
    """A text that counts, as its reader sees it; its versions."""
    place = asked_place()
    written = text_queries.newest(place)
    letter = letter_of(place.kind)
    who = request.args.get("who", "").strip()
    visits = letter.find(g.user, who) if letter.find else None
    return show(
        "outbox/text.html", place=place, written=written, draft=text_queries.draft_of(place, written), who=who,
        is_own=bool(written and written.body is not None), visits=visits, versions=text_queries.versions(place),
        visit_id=asked_visit(), may_edit=_may(Permission.EDIT_TEMPLATES),
    )  # fmt: skip


@staff.page("/notifications/edit", Permission.EDIT_TEMPLATES, methods=("GET", "POST"))
def edit_text() -> Response:
    place = asked_place()
    form = TextForm(place, text_queries.newest(place))
    if status := refused(form, lambda: text_actions.change_text(g.user, place, form.typed, form.seen)):
        known = letter_of(place.kind).known(place.channel)
        length = length_of(parts_of(g.user, place, form.typed, asked_visit())["text"])
        return show("outbox/text_edit.html", status=status, length=length, place=place, form=form, known=known,
                    visit_id=asked_visit(), shipped=text_queries.shipped(place))  # fmt: skip
    flash(_("Saved. The next message of this kind leaves with this text."), "success")
    return done(url_for("staff.show_text", **place.address, visit=asked_visit()))


@staff.page("/notifications/preview", Permission.SEE_TEMPLATES, methods=("GET", "POST"))
def preview_text() -> Response | str:
    """The message itself, for the frame: what counts, or what is being typed. A page with a policy of its own."""
    place = asked_place()
    draft: Draft | None = text_queries.own_draft(place.kind.name, place.language, place.channel)
    form = TextForm(place, None)
    if request.method == "POST":
        form.validate()
        draft = form.typed
    parts = parts_of(g.user, place, draft, asked_visit())
    if portal_request.wants_fragment:
        return answer(render_template("outbox/_text_count.html", length=length_of(parts["text"])))
    if form.errors or request.args.get("as") == "text" or "as_text" in request.form or place.channel == "sms":
        length = length_of(parts["text"]) if place.channel == "sms" else None
        return render_template("outbox/text_frame.html", parts=parts, form=form, place=place, length=length)
    return parts["html"]


@staff.page("/notifications/comparison", Permission.SEE_TEMPLATES)
def compare_texts() -> Response:
    """Two versions of a text, line by line."""
    place = asked_place()
    left, right = (number_in(request.args.get(side)) for side in ("left", "right"))
    if left is None or right is None:
        abort(404)
    compared = ndiff(_lines(_version(place, left)), _lines(_version(place, right)))
    lines = [line for line in compared if not line.startswith("?")]
    return show("outbox/text_comparison.html", place=place, left=left, right=right, lines=lines)


def _version(place: Place, number: int) -> Draft:
    written = text_queries.version_of(place, number)
    if number and written is None:
        abort(404)
    return text_queries.draft_of(place, written)


def _lines(draft: Draft) -> list[str]:
    return [*([draft.subject, ""] if draft.subject else []), *draft.body.splitlines()]


@staff.page("/notifications/restoration", Permission.EDIT_TEMPLATES, methods=("POST",))
def restore_text() -> Response:
    place, number = asked_place(), number_in(request.form.get("restored")) or 0
    former = text_queries.version_of(place, number)
    if number and former is None:
        abort(404)
    text_actions.restore_text(g.user, place, former, number_in(request.form.get("version")) or 0)
    flash(_("The former text counts again."), "success")
    return done(url_for("staff.show_text", **place.address))


@staff.page("/notifications/test", Permission.EDIT_TEMPLATES, methods=("POST",))
def test_text() -> Response:
    place = asked_place()
    number = clean_line(request.form.get("number", ""))
    text_actions.send_test(g.user, place, number_in(request.form.get("visit")), str(number))
    flash(_("The test leaves for you in a moment. It is marked [TEST], and its links open nothing."), "success")
    return done(url_for("staff.show_text", **place.address, visit=request.form.get("visit") or None))


def _may(permission: Permission) -> bool:
    return permission in GRANTS[g.user.role]
