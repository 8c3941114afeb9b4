"""What a client is asked after a visit: the question with its placeholders, criteria, remarks, thanks.

An answer keeps the remarks' own words, the keys of the criteria, and which version of the survey was asked: a survey
that is changed changes nothing of what was said before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.extensions import db
from portal.i18n import day, language
from portal.people.models import Service, Worker
from portal.ratings.details import in_language_of_page
from portal.ratings.models import FormerRating, Rating, RatingSubject
from portal.ratings.shipped import QUESTION, REMARKS
from portal.ratings.survey_models import AGENCY, Remarks, Survey, Texts
from portal.settings.queries import option
from portal.visits.models import Visit, VisitWorker

MOST_CRITERIA = 4
PLACEHOLDERS = {
    "agency": _l("the agency’s name"),
    "service": _l("the service"),
    "worker": _l("the worker’s first name"),
    "day": _l("the day of the visit"),
}
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class SetUp:
    """A survey in all its languages. Attributes: as the columns of `Survey`."""

    question: Texts = field(default_factory=dict)
    criteria: Sequence[str] = ()
    comment: bool = True
    remarks: Remarks = field(default_factory=dict)
    thanks: Texts = field(default_factory=dict)
    call_back: bool = False
    survey_version_id: int | None = None
    version: int = 0


SHIPPED = SetUp(remarks=REMARKS, survey_version_id=0)
COLUMNS = tuple(one.name for one in fields(SetUp))


@dataclass(frozen=True)
class Asked:
    """What one client is asked about one visit, in the language of this page or mail.

    Attributes:
        question: with its placeholders filled.
        criteria: keys of `details.BANK`, in order.
        comment: whether there is room for one.
        remarks: by number of stars what can be ticked, each in all its languages.
        thanks: the agency's own words after an answer; None: the portal's.
        call_back: whether one can ask to be called back.
        version_id: of the `SurveyVersion` that these are the words of; None where no survey is asked.
    """

    question: str
    criteria: Sequence[str] = ()
    comment: bool = True
    remarks: Mapping[int, Sequence[Texts]] = field(default_factory=dict)
    thanks: str | None = None
    call_back: bool = False
    version_id: int | None = None


def unknown_placeholders(text: str) -> list[str]:
    """What stands in braces and is none of `PLACEHOLDERS`, as it was typed."""
    return [found for found in _PLACE.findall(text) if found not in PLACEHOLDERS]


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Put what is known in the place of the placeholders, once: what is put in is never read again."""
    return _PLACE.sub(lambda found: facts.get(found[1], found[0]), text)


def set_ups() -> dict[int, SetUp]:
    """All surveys, by the number of the service; read once for a request or job."""
    if "surveys" not in g:
        rows = db.session.execute(select(Survey.id, *(getattr(Survey, name) for name in COLUMNS)))
        g.surveys = {row[0]: SetUp(*row[1:]) for row in rows}
    return g.surveys


def set_up_of(service_id: int | None) -> SetUp:
    """What is asked about visits of a service: a survey of its own replaces the agency's as a whole."""
    known = set_ups()
    return known.get(service_id or AGENCY) or known.get(AGENCY) or SHIPPED


def in_words(set_up: SetUp, facts: Mapping[str, str]) -> Asked:
    """A survey as it is put to a client, in the language of this page or mail."""
    code = language()
    question, thanks = set_up.question.get(code) or QUESTION[code], set_up.thanks.get(code)
    return Asked(
        fill(question, facts), tuple(dict.fromkeys(set_up.criteria)), set_up.comment,
        {int(stars): ones for stars, ones in set_up.remarks.items()},
        fill(thanks, facts) if thanks else None, set_up.call_back, set_up.survey_version_id,
    )  # fmt: skip


def facts_of(visit: Visit) -> dict[str, str]:
    """What the placeholders stand for."""
    name = visit.workers[0].first_name if visit.workers else None
    return facts_from(visit.service.name, name, day(visit.starts_at))


def facts_from(service: str, worker: str | None, on: str) -> dict[str, str]:
    return {"agency": option("agency.name"), "service": service, "worker": worker or _("your worker"), "day": on}


def question_of(said: Rating | FormerRating, visit: Visit) -> str | None:
    """The question that an answer about a visit was given to, in the language of the page; None where nobody knows."""
    asked = said.asked_then
    return fill(in_language_of_page(asked.question), facts_of(visit)) if asked else None


def asked_about(subject: RatingSubject) -> Asked:
    """What is asked about what can be rated. How an incident was handled is asked in our words."""
    if subject.visit_id is None:
        return Asked(handling_question())
    return asked_of(subject.visit)


def handling_question() -> str:
    return _("How was your incident handled?")


def asked_of(visit: Visit) -> Asked:
    return in_words(set_up_of(visit.service_id), facts_of(visit))


def asked_about_visit(visit_id: int) -> Asked:
    """The same of a visit of which little is read yet."""
    first = select(Worker.first_name).join(VisitWorker).where(VisitWorker.visit_id == Visit.id)
    first = first.order_by(VisitWorker.position).limit(1).scalar_subquery()
    chosen = select(Service.name, Visit.starts_at, first.label("worker"), *(getattr(Survey, name) for name in COLUMNS))
    chosen = chosen.select_from(Visit).join(Service).outerjoin(Survey, Survey.id.in_((Service.id, AGENCY)))
    # a service's own comes before the agency's: that has the smallest number
    name, starts_at, worker, *asked = db.session.execute(
        chosen.where(Visit.id == visit_id).order_by(Survey.id.desc()).limit(1)
    ).one()
    return in_words(SetUp(*asked) if asked[-1] else SHIPPED, facts_from(name, worker, day(starts_at)))
