"""Who enters a client's file: the client and the relatives; the record of a relative, and what they may see."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import access, directory, editing, records
from portal.people.deed_routes import invite
from portal.people.forms import NewRelativeForm, RelativeForm, RelativeGrantsForm
from portal.people.models import Client, Relative
from portal.portals import staff
from portal.roles import Permission


@staff.page("/clients/<int:client_id>/access", Permission.MANAGE_ACCESS, methods=("GET", "POST"))
def show_access(client_id: int) -> Response:
    """Who enters a client's file: the client, the relatives and what each of them sees; add a relative."""
    find = records.client_to_change if request.method == "POST" else records.client_of
    client = find(g.user, client_id) or abort(404)
    form = NewRelativeForm(None, **dict.fromkeys(access.GRANTS, True), language=client.language)
    if status := refused(form, lambda: access.add_relative(g.user, client, form.typed())):
        grants = {relative.id: RelativeGrantsForm(relative) for relative in client.relatives}
        lines = _lines(client_id)
        return show("people/access.html", status=status, client=client, lines=lines, form=form, grants=grants)
    name = f"{form.first_name.data} {form.last_name.data}"
    flash(_("%(name)s has access to the file now.", name=name), "success")
    return _back(client_id)


def _lines(client_id: int) -> dict[str, directory.Line]:
    return {line.key: line for line in directory.lines_of_client(g.user, client_id)}


def _back(client_id: int) -> Response:
    return done(url_for("staff.show_access", client_id=client_id))


@staff.page("/clients/<int:client_id>/access/invitations", Permission.MANAGE_ACCESS, methods=("POST",))
def invite_to_file(client_id: int) -> Response:
    """Invite the client or one of the relatives, or send the invitation again."""
    client, wanted = client_or_404(client_id), request.form.get("person", "")
    people: list[Client | Relative] = [client, *client.relatives]
    person = next((one for one in people if f"{one.__tablename__}:{one.id}" == wanted), None) or abort(404)
    return invite(person, url_for("staff.show_access", client_id=client_id))


def client_or_404(client_id: int) -> Client:
    return records.client_of(g.user, client_id) or abort(404)


# ---- one relative ----


def relative_or_404(client_id: int, relative_id: int) -> Relative:
    return records.relative_of(g.user, client_id, relative_id) or abort(404)


def held_or_404(client_id: int, relative_id: int) -> Relative:
    return records.relative_to_change(g.user, client_id, relative_id) or abort(404)


@staff.page("/clients/<int:client_id>/relatives/<int:relative_id>", Permission.MANAGE_ACCESS)
def show_relative(client_id: int, relative_id: int) -> Response:
    """*Définition*: who the relative is to the client, how they are reached, what they may see."""
    relative = relative_or_404(client_id, relative_id)
    language = LANGUAGES.get(relative.language or "")
    return show("people/relative.html", relative=relative, language=language, grants=access.GRANTS)


@staff.page(
    "/clients/<int:client_id>/relatives/<int:relative_id>/grants", Permission.MANAGE_ACCESS, methods=("GET", "POST")
)
def grant_relative(client_id: int, relative_id: int) -> Response:
    """Say what a relative may see and do; it holds from their next request on."""
    relative = held_or_404(client_id, relative_id)
    form = RelativeGrantsForm(relative, typed=request.method == "POST")
    if status := refused(form, lambda: editing.change_record(g.user, relative, form.typed(), form.version_shown)):
        line = _lines(client_id)[f"relative:{relative_id}"]
        return show("people/relative_access.html", status=status, relative=relative, line=line, form=form)
    flash(_("Saved. It holds for %(name)s from now on.", name=relative.name), "success")
    return _back(client_id)


@staff.page(
    "/clients/<int:client_id>/relatives/<int:relative_id>/editing", Permission.MANAGE_ACCESS, methods=("GET", "POST")
)
def edit_relative(client_id: int, relative_id: int) -> Response:
    """Who a relative is, how they are reached, and what they may see and do."""
    relative = held_or_404(client_id, relative_id)
    form = RelativeForm(relative)
    if status := refused(form, lambda: access.change_relative(g.user, relative, form.typed(), form.version_shown)):
        return show("people/relative_form.html", status=status, form=form, person=relative)
    flash(_("The record of %(name)s is saved.", name=relative.name), "success")
    return _back(client_id)


@staff.page(
    "/clients/<int:client_id>/relatives/<int:relative_id>/closing", Permission.MANAGE_ACCESS, methods=("GET", "POST")
)
def close_relative(client_id: int, relative_id: int) -> Response:
    """Take a relative off the file, once somebody has said that it is meant."""
    relative = relative_or_404(client_id, relative_id)
    if request.method != "POST":
        return show("people/relative_close.html", relative=relative, client=relative.client)
    access.close_record(g.user, relative)
    flash(_("%(name)s no longer has access to the file.", name=relative.name), "success")
    return _back(client_id)


@staff.page("/clients/<int:client_id>/relatives/<int:relative_id>/opening", Permission.MANAGE_ACCESS, methods=("POST",))
def open_relative(client_id: int, relative_id: int) -> Response:
    relative = relative_or_404(client_id, relative_id)
    if access.open_record(g.user, relative):
        flash(_("%(name)s has access to the file again.", name=relative.name), "success")
    else:
        flash(_("The file is open again, but not the access itself: an administrator has closed it."), "warning")
    return _back(client_id)
