"""*Administration › Équipe*: the members of staff, for administrators."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.forms import refused
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import team
from portal.people.deed_routes import invite, open_again
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
    made: list[Staff] = []
    if status := refused(form, lambda: made.append(team.make_staff(g.user, form.typed()))):
        return show("people/staff_form.html", status=status, form=form, person=None)
    flash(_("%(name)s is of the team now and receives an invitation.", name=made[0].name), "success")
    return done(url_for("staff.show_staff", staff_id=made[0].id))


@staff.page("/team/<int:staff_id>/editing", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def edit_staff(staff_id: int) -> Response:
    person = team.staff_to_change(staff_id) or abort(404)
    form = StaffForm(offer_sectors(g.user, {sector.id for sector in person.sectors}), person)
    if status := refused(form, lambda: team.change_staff(g.user, person, form.typed(), form.version_shown)):
        return show("people/staff_form.html", status=status, form=form, person=person)
    flash(_("The record of %(name)s is saved.", name=person.name), "success")
    return done(url_for("staff.show_staff", staff_id=staff_id))


@staff.page("/team/<int:staff_id>/closing", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def close_staff(staff_id: int) -> Response:
    """Close the record of a member of staff, once it was said what that does."""
    person = team.staff_to_change(staff_id) or abort(404)
    if request.method != "POST":
        return _closing(person)
    try:
        team.close_staff(g.user, person)
    except Refused:
        return _closing(person, 409)
    flash(_("The record of %(name)s is closed.", name=person.name), "success")
    return done(url_for("staff.show_staff", staff_id=staff_id))


def _closing(person: Staff, status: int = 200) -> Response:
    """Ask first; whose record has to stay is told so before trying."""
    refusal = None
    try:
        team.refuse_to_unseat(g.user, person)
    except Refused as error:
        refusal = error.message
    files = team.files_in_hand(person)
    return show("people/staff_close.html", status=status, person=person, files=files, refusal=refusal)


@staff.page("/team/<int:staff_id>/opening", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def open_staff(staff_id: int) -> Response:
    person = team.staff_to_change(staff_id) or abort(404)
    return open_again(person, url_for("staff.show_staff", staff_id=staff_id))


@staff.page("/team/<int:staff_id>/invitation", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def invite_staff(staff_id: int) -> Response:
    return invite(staff_or_404(staff_id), url_for("staff.show_staff", staff_id=staff_id))
