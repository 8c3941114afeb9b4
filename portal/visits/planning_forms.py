"""The forms of planning: a visit to be made, one to be moved, its tasks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from portal.accounts.models import User
from portal.extensions import db
from portal.forms import NumberField, PortalForm
from portal.organisation.catalogue import active_services
from portal.organisation.forms import LENGTHS_OF_VISITS
from portal.people.models import Service, Worker
from portal.people.queries import visible_workers
from portal.people.record_forms import VersionedForm
from portal.people.records import told_apart
from portal.visits.changes import days_of_series, length_of
from portal.visits.checks import Planned, seal_of
from portal.visits.forms import SeriesForm
from portal.visits.models import State, Visit, VisitTask
from portal.visits.queries import today

MOST_WEEKS = 52
BACK, AHEAD = timedelta(days=366), timedelta(days=2 * 366)  # further off, a day is a slip of the fingers
MOST_TASKS, LONGEST_TASK = 30, 200
AN_HOUR = 60


def day_in_reach(_form: object, field: DateField) -> None:
    day = field.data
    if day is None:
        return
    if day < today() - BACK:
        raise StopValidation(_("This day is more than a year ago."))
    if day > today() + AHEAD:
        raise StopValidation(_("This day is more than two years away."))


def text_of(tasks: Sequence[VisitTask]) -> str:
    return "\n".join(task.label for task in tasks)


def lines_of(text: str | None) -> list[str]:
    """The lines of a text that say something."""
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def tasks_that_fit(_form: object, field: TextAreaField) -> None:
    lines = lines_of(field.data)
    if len(lines) > MOST_TASKS:
        raise StopValidation(_("At most %(num)s tasks, please.", num=MOST_TASKS))
    if any(len(line) > LONGEST_TASK for line in lines):
        raise StopValidation(_("A task has at most %(num)s characters.", num=LONGEST_TASK))


class TimesForm(PortalForm):
    """When a visit is and who goes: what planning and moving have in common."""

    day = DateField(_l("Day"), validators=[InputRequired(_l("Please choose a day.")), day_in_reach])
    hour = TimeField(_l("Begins at"), validators=[InputRequired(_l("Please say at which hour it begins."))])
    minutes = NumberField(
        _l("Duration in minutes"), validators=[Optional(), LENGTHS_OF_VISITS],
        description=_l("Without a duration, the visit lasts as long as its service proposes, or one hour."),
    )  # fmt: skip
    worker = SelectField(_l("Worker"), choices=[], default="")
    second = SelectField(_l("Second worker"), choices=[], default="")
    seal = HiddenField()  # of the warnings that were shown

    def offer_workers(self, user: User, there: Sequence[Worker] = ()) -> None:
        """Offer the active workers whom this person may see, and those who are sent already."""
        chosen = visible_workers(user).where(Worker.active).order_by(Worker.last_name, Worker.first_name)
        listed = db.session.execute(chosen.with_only_columns(Worker.id, Worker.last_name, Worker.first_name)).all()
        offered = {row.id: f"{row.last_name} {row.first_name}".strip() for row in listed}
        offered |= {worker.id: f"{worker.last_name} {worker.first_name}".strip() for worker in there}
        offered = told_apart(user, offered)
        choices = [SelectChoice(value=str(number), label=name) for number, name in offered.items()]
        self.worker.choices = [SelectChoice(value="", label=_("Nobody yet")), *choices]
        self.second.choices = [SelectChoice(value="", label=_("Nobody")), *choices]

    def validate_second(self, field: SelectField) -> None:
        if field.data and field.data == self.worker.data:
            raise StopValidation(_("This is the same worker as above."))

    @property
    def worker_ids(self) -> list[int]:
        return [int(chosen) for chosen in (self.worker.data, self.second.data) if chosen]

    @property
    def start(self) -> datetime:
        """Wall clock, once the form is valid."""
        return datetime.combine(cast("date", self.day.data), cast("time", self.hour.data))

    def accepts(self, planned: Sequence[Planned]) -> bool:
        """Whether nothing speaks against a plan, or the form was sent with just this before one's eyes; else it has to
        be shown with it."""
        seal = seal_of(planned)
        shown, self.seal.data = self.seal.data == seal, seal
        return shown or not any(one.sentences for one in planned)


class PlanForm(TimesForm):
    """A visit that is to be, once or every week."""

    service = SelectField(_l("Service"), choices=[], default="")
    tasks = TextAreaField(_l("Tasks"), validators=[tasks_that_fit], description=_l("One task in each line."))
    mission_order = TextAreaField(
        _l("Mission order"), validators=[Length(max=2000, message=_l("Please use at most 2,000 characters."))]
    )
    until = DateField(
        _l("Every week until"), validators=[Optional()],
        description=_l("Leave it empty for a single visit; at most 52 weeks."),
    )  # fmt: skip
    draft = BooleanField(_l("Draft: not certain yet, only staff see it"))
    skip = SelectMultipleField(choices=[], validate_choice=False)  # days of the series to be left out

    def offer(self, user: User) -> None:
        self.services = {service.id: service for service in active_services()}
        self.service.choices = [SelectChoice(value="", label=_("Choose a service"))] + [
            SelectChoice(value=str(service.id), label=service.name) for service in self.services.values()
        ]
        self.offer_workers(user)

    def validate_service(self, field: SelectField) -> None:
        if not field.data:
            raise StopValidation(_("Please choose a service."))

    def validate_worker(self, field: SelectField) -> None:
        if not field.data and not self.draft.data:
            raise StopValidation(_("Choose who goes, or keep the visit as a draft."))

    def validate_until(self, field: DateField) -> None:
        if field.data is None or self.day.data is None:
            return
        if field.data < self.day.data:
            raise StopValidation(_("The last day lies before the first."))
        if len(days_of_series(self.day.data, field.data)) > MOST_WEEKS:
            raise StopValidation(_("At most 52 weeks can be planned in one go."))

    def show(self, visit: Visit) -> None:
        """Fill in a copy of a visit, a week later. Who is no longer offered is left out."""
        self.day.data, self.hour.data = visit.local_start.date() + timedelta(weeks=1), visit.local_start.time()
        self.minutes.data = length_of(visit)
        self.service.data, self.mission_order.data = str(visit.service_id), visit.mission_order
        self.tasks.data = text_of(visit.tasks)
        self.draft.data = visit.state == State.DRAFT
        for field, worker in zip((self.worker, self.second), visit.workers, strict=False):
            field.data = str(worker.id)

    @property
    def chosen_service(self) -> Service:
        return self.services[int(self.service.data or 0)]

    @property
    def length(self) -> int:
        """Minutes: those typed, else the service's own, else an hour."""
        return self.minutes.data or self.chosen_service.default_minutes or AN_HOUR

    @property
    def starts(self) -> list[datetime]:
        """Wall clock of each visit, at the same hour."""
        days = days_of_series(self.start.date(), self.until.data)
        return [datetime.combine(day, self.start.time()) for day in days]

    def keeps(self, start: datetime) -> bool:
        """Whether a day of the series was not left out."""
        return start.date().isoformat() not in cast("list[str]", self.skip.data)


class MoveForm(TimesForm, VersionedForm, SeriesForm):
    """Another time or other workers for a visit that is there."""

    minutes = NumberField(
        _l("Duration in minutes"), validators=[InputRequired(_l("Please say how long it lasts.")), LENGTHS_OF_VISITS]
    )
    scope = RadioField(_l("What is moved"), choices=[], default="one")

    def show(self, visit: Visit) -> None:
        """Fill in what the visit is now."""
        sent = visit.workers
        self.day.data, self.hour.data = visit.local_start.date(), visit.local_start.time()
        self.minutes.data = length_of(visit)
        self.worker.data = str(sent[0].id) if sent else ""
        self.second.data = str(sent[1].id) if len(sent) > 1 else ""
        self.version.data = str(visit.version)


class TasksForm(VersionedForm):
    """What is to be done on a visit.

    Attributes:
        is_late: whether somebody else has changed the visit since it was read.
    """

    tasks = TextAreaField(_l("Tasks"), validators=[tasks_that_fit], description=_l("One task in each line."))

    def __init__(self, visit: Visit) -> None:
        self.visit, self.is_late = visit, False
        super().__init__(data={"tasks": text_of(visit.tasks), "version": visit.version})

    def show_standing(self) -> None:
        self.is_late, self.version.data = True, str(self.visit.version)


def workers_by_id(user: User, ids: Sequence[int], there: Sequence[Worker] = ()) -> list[Worker]:
    """The records of workers whom the form has offered, in this order."""
    known = {worker.id: worker for worker in there}
    missing = [number for number in ids if number not in known]
    if missing:
        seen = visible_workers(user).where(Worker.id.in_(missing))
        known |= {worker.id: worker for worker in db.session.scalars(seen)}
    return [known[number] for number in ids if number in known]
