"""*Administration*: the pages of sectors, services and skills, and the table of who may do what."""

from collections.abc import Callable

from flask import abort, current_app, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import db
from portal.forms import refused
from portal.organisation import catalogue, sectors
from portal.organisation.forms import LevelForm, NewSkillForm, SectorForm, ServiceForm, SkillForm
from portal.pages import done, show
from portal.people.models import Sector, Service, Skill
from portal.portals import staff
from portal.roles import GRANTS, PERIMETERS, ROLE_LABELS, Permission

# ---- sectors ----


def sector_or_404(sector_id: int) -> Sector:
    return sectors.sector_of(g.user, sector_id) or abort(404)


@staff.page("/sectors", Permission.MANAGE_SECTORS)
def list_sectors() -> Response:
    """*Administration › Secteurs*: the tree, who manages each part, and how many people belong to it."""
    return show("organisation/sectors.html", branches=sectors.read_tree(g.user))


@staff.page("/sectors/new", Permission.MANAGE_SECTORS, methods=("GET", "POST"))
def add_sector() -> Response:
    form = SectorForm(kind="sector", parent_id=request.args.get("below", type=int))
    form.offer(sectors.places_for(None), sectors.managers_for(None))
    if status := refused(form, lambda: sectors.add_sector(g.user, form.typed())):
        return show("organisation/sectors_form.html", status=status, form=form, sector=None)
    flash(_("%(name)s is part of the agency now.", name=form.name.data), "success")
    return done(url_for("staff.list_sectors"))


@staff.page("/sectors/<int:sector_id>", Permission.MANAGE_SECTORS, methods=("GET", "POST"))
def change_sector(sector_id: int) -> Response:
    """Rename a sector, move it, name its manager."""
    sector = sector_or_404(sector_id)
    form = SectorForm(sector)
    form.offer(sectors.places_for(sector), sectors.managers_for(sector))
    if status := refused(form, lambda: sectors.change_sector(g.user, sector, form.typed(), form.version_shown)):
        return show("organisation/sectors_form.html", status=status, form=form, sector=sector)
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
    return show("organisation/sectors_close.html", status=status, sector=sector, left=left, refusal=refusal)


@staff.page("/sectors/<int:sector_id>/opening", Permission.MANAGE_SECTORS, methods=("POST",))
def open_sector(sector_id: int) -> Response:
    sector = sector_or_404(sector_id)
    try:
        sectors.open_sector(g.user, sector)
    except Refused as refusal:
        flash(str(refusal.message), "error")
        return show("organisation/sectors.html", status=409, branches=sectors.read_tree(g.user))
    flash(_("%(name)s is open again.", name=sector.name), "success")
    return done(url_for("staff.list_sectors"))


# ---- services ----


@staff.page("/services", Permission.MANAGE_CATALOGUE)
def list_services() -> Response:
    """*Administration › Prestations*: what clients receive, how long it usually lasts, what is asked afterwards."""
    return show("organisation/services.html", services=catalogue.list_services())


@staff.page("/services/new", Permission.MANAGE_CATALOGUE, methods=("GET", "POST"))
def add_service() -> Response:
    form = ServiceForm()
    if status := refused(form, lambda: catalogue.add_service(g.user, form.typed())):
        return _service(form, None, status)
    flash(_("The service %(name)s can be planned now.", name=form.name.data), "success")
    return done(url_for("staff.list_services"))


@staff.page("/services/<int:service_id>", Permission.MANAGE_CATALOGUE, methods=("GET", "POST"))
def change_service(service_id: int) -> Response:
    service = db.session.get(Service, service_id) or abort(404)
    form = ServiceForm(service)
    if status := refused(form, lambda: catalogue.change_service(g.user, service, form.typed(), form.version_shown)):
        return _service(form, service, status)
    flash(_("Saved."), "success")
    return done(url_for("staff.list_services"))


def _service(form: ServiceForm, service: Service | None, status: int) -> Response:
    return show("organisation/services_form.html", status=status, form=form, service=service)


# ---- skills and their levels ----


@staff.page("/skills", Permission.MANAGE_CATALOGUE)
def list_skills() -> Response:
    """*Administration › Compétences*: what workers can be good at, each with its levels."""
    return show("organisation/skills.html", skills=catalogue.list_skills())


@staff.page("/skills/new", Permission.MANAGE_CATALOGUE, methods=("GET", "POST"))
def add_skill() -> Response:
    form = NewSkillForm()
    if status := refused(form, lambda: catalogue.add_skill(g.user, form.name.data or "", form.lines())):
        return show("organisation/skills_form.html", status=status, form=form)
    flash(_("The skill %(name)s can be given to workers now.", name=form.name.data), "success")
    return done(url_for("staff.list_skills"))


def skill_or_404(skill_id: int) -> Skill:
    return catalogue.skill_to_change(skill_id) or abort(404)


@staff.page("/skills/<int:skill_id>", Permission.MANAGE_CATALOGUE, methods=("GET", "POST"))
def change_skill(skill_id: int) -> Response:
    """Rename a skill, take it out of use, see its levels."""
    skill = skill_or_404(skill_id)
    form = SkillForm(skill)
    if status := refused(form, lambda: catalogue.change_skill(g.user, skill, form.typed(), form.version_shown)):
        return _skill(skill, form, LevelForm(typed=False), status)
    flash(_("Saved."), "success")
    return done(url_for("staff.list_skills"))


def _skill(skill: Skill, form: SkillForm, level_form: LevelForm, status: int, wrong: int | None = None) -> Response:
    """The page of a skill; `wrong` is the level whose form was refused, 0 that of a new one."""
    return show(
        "organisation/skills_show.html", status=status, skill=skill, form=form, level_form=level_form, wrong=wrong
    )


@staff.page("/skills/<int:skill_id>/levels", Permission.MANAGE_CATALOGUE, methods=("POST",))
def add_level(skill_id: int) -> Response:
    skill, form = skill_or_404(skill_id), LevelForm()
    if status := refused(form, lambda: catalogue.add_level(g.user, skill, form.name.data or "")):
        return _skill(skill, SkillForm(skill, typed=False), form, status, wrong=0)
    return done(url_for("staff.change_skill", skill_id=skill_id))


@staff.page("/skills/<int:skill_id>/levels/<int:level_id>", Permission.MANAGE_CATALOGUE, methods=("POST",))
def change_level(skill_id: int, level_id: int) -> Response:
    """Rename a level, move it up or down, or take it away: as the pressed button says."""
    skill = skill_or_404(skill_id)
    level = next((level for level in skill.levels if level.id == level_id), None) or abort(404)
    form = LevelForm(level)
    deeds: dict[str, Callable[[], None]] = {
        "rename": lambda: catalogue.rename_level(g.user, skill, level, form.name.data or ""),
        "up": lambda: catalogue.move_level(g.user, skill, level, -1),
        "down": lambda: catalogue.move_level(g.user, skill, level, 1),
        "remove": lambda: catalogue.remove_level(g.user, skill, level),
    }
    act = deeds.get(request.form.get("deed", "")) or abort(400)

    def act_in_time() -> None:
        catalogue.refuse_late(skill, form.version_shown)
        act()

    if status := refused(form, act_in_time):
        return _skill(skill, SkillForm(skill, typed=False), form, status, wrong=level_id)
    return done(url_for("staff.change_skill", skill_id=skill_id))


# ---- roles and rights ----


@staff.page("/roles", Permission.SEE_ROLES)
def show_roles() -> Response:
    """*Administration › Rôles et droits*: made from the same list that the guard of each page asks."""
    hidden = set() if current_app.config["PORTAL_ENV"] == "development" else {Permission.SEE_STYLEGUIDE}
    rows = [(right, [right in GRANTS[role] for role in ROLE_LABELS]) for right in Permission if right not in hidden]
    return show("organisation/roles.html", roles=ROLE_LABELS, perimeters=PERIMETERS, rows=rows)
