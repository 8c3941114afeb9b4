"""*Administration › Équipe*: the members of staff, for administrators."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import access, team
from portal.people.editing import Late, numbers_in
from portal.people.models import Staff
from portal.people.offers import offer_sectors
from portal.people.team_forms import StaffForm, TeamFilter
from portal.portals import staff
from portal.roles import ROLE_LABELS, Permission, Role
from portal.settings.queries import option


@staff.page("/team", Permission.MANAGE_ACCOUNTS)
def list_staff() -> Response:
    filters = TeamFilter(request.args)
    page = team.list_staff(filters.narrowed())
    return show("people/staff.html", "people/_staff_rows.html", page=page, filters=filters, roles=ROLE_LABELS)


def staff_or_404(staff_id: int) -> Staff:
    return team.staff_of(staff_id) or abort(404)


@staff.page("/team/<int:staff_id>", Permission.MANAGE_ACCOUNTS)
def show_staff(staff_id: int) -> Response:
    person = staff_or_404(staff_id)
    return show(
        "people/staff_member.html", person=person, role=ROLE_LABELS[Role(person.role)],
        files=team.files_in_hand(person), is_own=person.id == g.user.staff_id,
        language=LANGUAGES.get(person.language or ""),
    )  # fmt: skip


@staff.page("/team/new", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def create_staff() -> Response:
    form = StaffForm(offer_sectors(g.user, set()), language=option("agency.language"))
    if not form.validate_on_submit():
        return _form(form, status=422 if request.method == "POST" else 200)
    typed = form.typed()
    try:
        person = team.make_staff(g.user, typed, numbers_in(typed["sector_ids"]))
    except Refused as refusal:
        form.refuse(refusal)
        return _form(form, status=409)
    flash(_("%(name)s is of the team now and receives an invitation.", name=person.name), "success")
    return done(url_for("staff.show_staff", staff_id=person.id))


@staff.page("/team/<int:staff_id>/editing", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def edit_staff(staff_id: int) -> Response:
    person = team.staff_to_change(staff_id) or abort(404)
    form = StaffForm(offer_sectors(g.user, {sector.id for sector in person.sectors}), person)
    if not form.validate_on_submit():
        return _form(form, person, 422 if request.method == "POST" else 200)
    try:
        team.change_staff(g.user, person, form.typed(), form.version_shown)
    except Late as late:
        form.show_rivals(late, person)
        return _form(form, person, 409)
    except Refused as refusal:
        form.refuse(refusal)
        return _form(form, person, 409)
    flash(_("The record of %(name)s is saved.", name=person.name), "success")
    return done(url_for("staff.show_staff", staff_id=staff_id))


def _form(form: StaffForm, person: Staff | None = None, status: int = 200) -> Response:
    return show("people/staff_form.html", status=status, form=form, person=person)


@staff.page("/team/<int:staff_id>/closing", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def close_staff(staff_id: int) -> Response:
    """Close the record of a member of staff, once it was said what that does."""
    person, asked, refusal = team.staff_to_change(staff_id) or abort(404), request.method != "POST", None
    try:
        (team.refuse_to_unseat if asked else team.close_staff)(g.user, person)
    except Refused as refused:
        refusal = refused.message
    if not (asked or refusal):
        flash(_("The record of %(name)s is closed.", name=person.name), "success")
        return done(url_for("staff.show_staff", staff_id=staff_id))
    files, status = team.files_in_hand(person), 200 if asked else 409
    return show("people/staff_close.html", status=status, person=person, files=files, refusal=refusal)


@staff.page("/team/<int:staff_id>/opening", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def open_staff(staff_id: int) -> Response:
    person = team.staff_to_change(staff_id) or abort(404)
    if access.open_record(g.user, person):
        flash(_("The record of %(name)s is open again.", name=person.name), "success")
    else:
        flash(_("The record is open again, but not the access itself: an administrator has closed it."), "warning")
    return done(url_for("staff.show_staff", staff_id=staff_id))


@staff.page("/team/<int:staff_id>/invitation", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def invite_staff(staff_id: int) -> Response:
    person = staff_or_404(staff_id)
    access.invite_person(g.user, person)
    flash(_("The invitation to %(name)s is on its way.", name=person.name), "success")
    return done(url_for("staff.show_staff", staff_id=staff_id))
