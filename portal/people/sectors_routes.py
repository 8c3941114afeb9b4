"""The pages of the sectors, for administrators; and the table of who may do what."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import db
from portal.pages import done, show
from portal.people import sectors
from portal.people.catalogue_forms import SectorForm
from portal.people.catalogue_routes import refused
from portal.people.models import Sector
from portal.portals import staff
from portal.roles import Permission


def sector_or_404(sector_id: int) -> Sector:
    return sectors.sector_of(g.user, sector_id) or abort(404)


@staff.page("/sectors", Permission.MANAGE_SECTORS)
def list_sectors() -> Response:
    """*Administration › Secteurs*: the tree, who manages each part, and how many people belong to it."""
    return show("people/sectors.html", branches=sectors.read_tree(g.user))


@staff.page("/sectors/new", Permission.MANAGE_SECTORS, methods=("GET", "POST"))
def add_sector() -> Response:
    form = SectorForm(kind="sector", parent_id=request.args.get("below", type=int))
    form.offer(sectors.places_for(None), sectors.managers_for(None))
    if status := refused(form, lambda: sectors.add_sector(g.user, form.typed())):
        return show("people/sectors_form.html", status=status, form=form, sector=None)
    flash(_("%(name)s is part of the agency now.", name=form.name.data), "success")
    return done(url_for("staff.list_sectors"))


@staff.page("/sectors/<int:sector_id>", Permission.MANAGE_SECTORS, methods=("GET", "POST"))
def change_sector(sector_id: int) -> Response:
    """Rename a sector, move it, name its manager."""
    sector = sector_or_404(sector_id)
    form = SectorForm(sector)
    form.offer(sectors.places_for(sector), sectors.managers_for(sector))
    if status := refused(form, lambda: sectors.change_sector(g.user, sector, form.typed(), form.version_shown)):
        return show("people/sectors_form.html", status=status, form=form, sector=sector)
    flash(_("Saved."), "success")
    return done(url_for("staff.list_sectors"))


@staff.page("/sectors/<int:sector_id>/closing", Permission.MANAGE_SECTORS, methods=("GET", "POST"))
def close_sector(sector_id: int) -> Response:
    """Take a sector out of use, once nobody is left in it and somebody has said that it is meant."""
    sector = sector_or_404(sector_id)
    if request.method != "POST":
        return _closing(sector)
    try:
        sectors.close_sector(g.user, sector)
    except Refused as refusal:
        return _closing(sector, 409, refusal.message)
    flash(_("%(name)s is closed.", name=sector.name), "success")
    return done(url_for("staff.list_sectors"))


def _closing(sector: Sector, status: int = 200, refusal: object = None) -> Response:
    left = sectors.who_is_left(sector)
    return show("people/sectors_close.html", status=status, sector=sector, left=left, refusal=refusal)


@staff.page("/sectors/<int:sector_id>/opening", Permission.MANAGE_SECTORS, methods=("POST",))
def open_sector(sector_id: int) -> Response:
    sector = sector_or_404(sector_id)
    try:
        sectors.open_sector(g.user, sector)
    except Refused as refusal:
        db.session.rollback()
        flash(str(refusal.message), "error")
        return show("people/sectors.html", status=409, branches=sectors.read_tree(g.user))
    flash(_("%(name)s is open again.", name=sector.name), "success")
    return done(url_for("staff.list_sectors"))
