"""The record of a relative: who they are to a client, how they are reached, what they may see."""

from flask import abort, g
from werkzeug.wrappers import Response

from portal.i18n import LANGUAGES
from portal.pages import show
from portal.people.directory import relative_of
from portal.people.forms import GrantsForm
from portal.portals import staff
from portal.roles import Permission


@staff.page("/clients/<int:client_id>/relatives/<int:relative_id>", Permission.MANAGE_ACCESS)
def show_relative(client_id: int, relative_id: int) -> Response:
    relative = relative_of(g.user, client_id, relative_id) or abort(404)
    return show(
        "people/relative.html", relative=relative, client=relative.client,
        language=LANGUAGES.get(relative.language or ""), grants=GrantsForm(None, obj=relative),
    )  # fmt: skip
