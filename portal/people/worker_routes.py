"""The record of a worker: *Définition* with skills, weekly availability and absences, each with a small form."""

from collections.abc import Callable
from typing import Any

from flask import abort, g, url_for
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.forms import refused
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import availability, records
from portal.people.availability_forms import AbsenceForm, HoursForm, SkillForm, weekdays
from portal.people.models import Worker
from portal.portals import staff
from portal.roles import Permission

Small = SkillForm | HoursForm | AbsenceForm


@staff.page("/workers/<int:worker_id>", Permission.SEE_PEOPLE)
def show_worker(worker_id: int) -> Response:
    """*Définition*: who the worker is, where and when they can be sent, and what they are good at."""
    worker = records.worker_record(g.user, worker_id) or abort(404)
    return _page(worker)


def _page(worker: Worker, status: int = 200, **refused_form: Small) -> Response:
    """Show the record; of the small forms one may be as it was refused, by its part of the page."""
    catalogue = records.catalogue()
    forms = {
        "skills": SkillForm(catalogue, formdata=None), "availability": HoursForm(formdata=None),
        "absences": AbsenceForm(formdata=None), **refused_form,
    }  # fmt: skip
    return show(
        "people/worker.html", status=status, worker=worker, sectors=records.sectors_seen(g.user, worker),
        language=LANGUAGES.get(worker.language or ""), skills=records.skills_of(worker), catalogue=catalogue,
        weekdays=weekdays(), reasons=availability.REASONS, absences=records.absences_of(worker), forms=forms,
        panels=[panel for make in wires.worker_panels if (panel := make(g.user, worker))],
    )  # fmt: skip


def worker_or_404(worker_id: int) -> Worker:
    return records.worker_to_change(g.user, worker_id) or abort(404)


def _add(worker_id: int, part: str, form: Small, act: Callable[..., None]) -> Response:
    """Note what a small form says, and go back to its part of the page."""
    worker = worker_or_404(worker_id)
    if status := refused(form, lambda: act(g.user, worker, *form.said)):
        return _page(worker, status, **{part: form})
    return _back(worker_id, part)


def _remove(worker_id: int, part: str, find: Callable[[Worker, int], Any], number: int, act: Callable) -> Response:
    worker = worker_or_404(worker_id)
    act(g.user, worker, find(worker, number) or abort(404))
    return _back(worker_id, part)


def _back(worker_id: int, part: str) -> Response:
    return done(url_for("staff.show_worker", worker_id=worker_id, _anchor=part))


@staff.page("/workers/<int:worker_id>/skills", Permission.EDIT_PEOPLE, methods=("POST",))
def set_worker_skill(worker_id: int) -> Response:
    return _add(worker_id, "skills", SkillForm(records.catalogue()), availability.set_skill)


@staff.page("/workers/<int:worker_id>/skills/<int:skill_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_worker_skill(worker_id: int, skill_id: int) -> Response:
    return _remove(worker_id, "skills", records.skill_of, skill_id, availability.remove_skill)


@staff.page("/workers/<int:worker_id>/availability", Permission.EDIT_PEOPLE, methods=("POST",))
def add_availability(worker_id: int) -> Response:
    return _add(worker_id, "availability", HoursForm(), availability.add_hours)


@staff.page("/workers/<int:worker_id>/availability/<int:hours_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_availability(worker_id: int, hours_id: int) -> Response:
    return _remove(worker_id, "availability", records.hours_of, hours_id, availability.remove_hours)


@staff.page("/workers/<int:worker_id>/absences", Permission.EDIT_PEOPLE, methods=("POST",))
def add_absence(worker_id: int) -> Response:
    """Note an absence; visits that are planned for these days are then listed on the page."""
    return _add(worker_id, "absences", AbsenceForm(), availability.add_absence)


@staff.page("/workers/<int:worker_id>/absences/<int:absence_id>/removal", Permission.EDIT_PEOPLE, methods=("POST",))
def remove_absence(worker_id: int, absence_id: int) -> Response:
    return _remove(worker_id, "absences", records.absence_of, absence_id, availability.remove_absence)
