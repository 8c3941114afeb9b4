"""The table of who may do what: made from the same list that the guard of each page asks."""

from flask import current_app
from werkzeug.wrappers import Response

from portal.pages import show
from portal.portals import staff
from portal.roles import GRANTS, PERIMETERS, ROLE_LABELS, Permission


@staff.page("/roles", Permission.SEE_ROLES)
def show_roles() -> Response:
    """*Administration › Rôles et droits*."""
    hidden = set() if current_app.config["PORTAL_ENV"] == "development" else {Permission.SEE_STYLEGUIDE}
    rows = [(right, [right in GRANTS[role] for role in ROLE_LABELS]) for right in Permission if right not in hidden]
    return show("people/roles.html", roles=ROLE_LABELS, perimeters=PERIMETERS, rows=rows)
