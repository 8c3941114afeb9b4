"""The record of a worker: *Définition* with skills, hours and absences; making and changing it."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import wires
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import access, availability, editing, records
from portal.people.availability_forms import AbsenceForm, HoursForm, SkillForm, weekdays
from portal.people.editing import Late
from portal.people.models import Worker
from portal.people.offers import offer_for_worker
from portal.people.record_forms import WorkerForm
from portal.portals import staff
from portal.roles import Permission, Role
from portal.settings.queries import option


@staff.page("/workers/<int:worker_id>", Permission.SEE_PEOPLE)
def show_worker(worker_id: int) -> Response:
    """*Définition*: who the worker is, where and when they can be sent, and what they are good at."""
    worker = records.worker_record(g.user, worker_id) or abort(404)
    return _page(worker)


def _page(
    worker: Worker, status: int = 200, *, skill: SkillForm | None = None, hours: HoursForm | None = None,
    absence: AbsenceForm | None = None,
) -> Response:  # fmt: skip
    catalogue = records.catalogue()
    panels = [panel for make in wires.worker_panels if (panel := make(g.user, worker))]
    return show(
        "people/worker.html", status=status, worker=worker, sectors=records.sectors_seen(g.user, worker),
        language=LANGUAGES.get(worker.language or ""), catalogue=catalogue, weekdays=weekdays(), panels=panels,
        skills=records.skills_of(worker),
        reasons=availability.REASONS, absences=records.absences_of(worker),
        skill=skill or SkillForm(catalogue, formdata=None), hours=hours or HoursForm(formdata=None),
        absence=absence or AbsenceForm(formdata=None),
    )  # fmt: skip


@staff.page("/workers/new", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def create_worker() -> Response:
    """Make a record; when there is one that may be of the same person, ask first."""
    offer = offer_for_worker(g.user)
    only = [str(number) for number in offer.sectors] if len(offer.sectors) == 1 else []
    form = WorkerForm(offer, may_say_all=_may_say_all(), language=option("agency.language"), sector_ids=only)
    if not form.validate_on_submit():
        return _form(form, status=422 if request.method == "POST" else 200)
    typed = form.typed()
    alike = form.unsure(editing.look_alikes(g.user, Worker, typed))
    if alike:
        return _form(form, status=409, alike=alike)
    worker = Worker()
    editing.make_record(g.user, worker, typed)
    flash(_("The record of %(name)s is made.", name=worker.name), "success")
    return done(url_for("staff.show_worker", worker_id=worker.id))


@staff.page("/workers/<int:worker_id>/editing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def edit_worker(worker_id: int) -> Response:
    worker = worker_or_404(worker_id)
    form = WorkerForm(offer_for_worker(g.user, worker), worker, may_say_all=_may_say_all())
    if not form.validate_on_submit():
        return _form(form, worker, 422 if request.method == "POST" else 200)
    try:
        editing.change_record(g.user, worker, form.typed(), form.version_shown)
    except Late as late:
        form.show_rivals(late, worker)
        return _form(form, worker, 409)
    flash(_("The record of %(name)s is saved.", name=worker.name), "success")
    still_seen = records.worker_of(g.user, worker_id)
    return done(url_for("staff.show_worker", worker_id=worker_id) if still_seen else url_for("staff.list_workers"))


def _form(form: WorkerForm, worker: Worker | None = None, status: int = 200, alike: object = ()) -> Response:
    return show("people/worker_form.html", status=status, form=form, worker=worker, alike=alike)


def worker_or_404(worker_id: int) -> Worker:
    return records.worker_to_change(g.user, worker_id) or abort(404)


def _may_say_all() -> bool:
    """All sectors are more than a coordinator has."""
    return g.user.role is not Role.COORDINATOR


@staff.page("/workers/<int:worker_id>/invitation", Permission.MANAGE_ACCESS, methods=("POST",))
def invite_worker(worker_id: int) -> Response:
    worker = worker_or_404(worker_id)
    access.invite_person(g.user, worker)
    flash(_("The invitation to %(name)s is on its way.", name=worker.name), "success")
    return _back(worker_id)


def _back(worker_id: int, part: str | None = None) -> Response:
    return done(url_for("staff.show_worker", worker_id=worker_id, _anchor=part))


@staff.page("/workers/<int:worker_id>/skills", Permission.EDIT_PEOPLE, methods=("POST",))
def set_worker_skill(worker_id: int) -> Response:
    worker, form = worker_or_404(worker_id), SkillForm(records.catalogue())
    if not form.validate():
        return _page(worker, 422, skill=form)
    availability.set_skill(g.user, worker, *form.chosen)
    return _back(worker_id, "skills")


@staff.page("/workers/<int:worker_id>/skills/<int:skill_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_worker_skill(worker_id: int, skill_id: int) -> Response:
    worker = worker_or_404(worker_id)
    availability.remove_skill(g.user, worker, records.skill_of(worker, skill_id) or abort(404))
    return _back(worker_id, "skills")


@staff.page("/workers/<int:worker_id>/availability", Permission.EDIT_PEOPLE, methods=("POST",))
def add_availability(worker_id: int) -> Response:
    worker, form = worker_or_404(worker_id), HoursForm()
    if not form.validate():
        return _page(worker, 422, hours=form)
    try:
        availability.add_hours(g.user, worker, *form.said)
    except Refused as refusal:
        form.begins.errors = [refusal.message]  # ty: ignore[invalid-assignment]
        return _page(worker, 409, hours=form)
    return _back(worker_id, "availability")


@staff.page("/workers/<int:worker_id>/availability/<int:hours_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_availability(worker_id: int, hours_id: int) -> Response:
    worker = worker_or_404(worker_id)
    availability.remove_hours(g.user, worker, records.hours_of(worker, hours_id) or abort(404))
    return _back(worker_id, "availability")


@staff.page("/workers/<int:worker_id>/absences", Permission.EDIT_PEOPLE, methods=("POST",))
def add_absence(worker_id: int) -> Response:
    """Note an absence; visits that are planned for these days are then listed on the page."""
    worker, form = worker_or_404(worker_id), AbsenceForm()
    if not form.validate():
        return _page(worker, 422, absence=form)
    try:
        availability.add_absence(g.user, worker, *form.said)
    except Refused as refusal:
        form.first_day.errors = [refusal.message]  # ty: ignore[invalid-assignment]
        return _page(worker, 409, absence=form)
    return _back(worker_id, "absences")


@staff.page("/workers/<int:worker_id>/absences/<int:absence_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_absence(worker_id: int, absence_id: int) -> Response:
    worker = worker_or_404(worker_id)
    availability.remove_absence(g.user, worker, records.absence_of(worker, absence_id) or abort(404))
    return _back(worker_id, "absences")
