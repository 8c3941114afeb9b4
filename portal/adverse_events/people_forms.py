"""The step of a report that says whom it concerns: the client first, then those of whom one can be chosen."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from wtforms import FieldList, FormField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.drafts import values_of
from portal.adverse_events.models import EventDraft
from portal.adverse_events.moments import linkable_until, refuse_later_visit
from portal.adverse_events.queries import assigned_workers, default_supervisor, supervisors
from portal.adverse_events.report import Person, closed_record
from portal.adverse_events.step_forms import SHORT, StepForm, WhenForm, blame, offered, words_of
from portal.adverse_events.words import ROLE_LABELS
from portal.errors import Refused
from portal.extensions import db
from portal.forms import PortalForm, number_in
from portal.i18n import day, time_of_day
from portal.people.models import Client, Sector, Worker
from portal.people.queries import is_named, visible_clients, visible_sectors, visible_workers
from portal.visits.models import State, Visit
from portal.visits.queries import visible_visits

NOBODY = "none"
MOST_FOUND, MOST_VISITS, MOST_PEOPLE = 10, 20, 10


def client_numbers(drafts: Sequence[EventDraft]) -> dict[int, int]:
    """Which client each of these drafts is about so far, where one is chosen."""
    found: dict[int, int | None] = {}
    for one in drafts:
        typed = (values_of(one, PeopleForm.step) or {}).get("client_id")
        found[one.id] = number_in(typed[0]) if typed else one.client_id
    return {number: client for number, client in found.items() if client is not None}


def names_of_clients(user: User, drafts: Sequence[EventDraft]) -> dict[int, str]:
    """The names of those clients that this person may see, by draft."""
    numbers = client_numbers(drafts)
    seen = visible_clients(user).where(Client.id.in_(set(numbers.values())))
    names = {one.id: one.name for one in db.session.scalars(seen)} if numbers else {}
    return {draft: names[client] for draft, client in numbers.items() if client in names}


class PersonForm(PortalForm):
    """A line: somebody else who is concerned."""

    class Meta(PortalForm.Meta):
        csrf = False

    role = SelectField(_l("Role"), choices=[], validators=[Optional()])
    name = StringField(_l("Name"), validators=[SHORT])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.role.choices = [SelectChoice(value="", label=_("Choose a role")), *offered(ROLE_LABELS)]

    def validate_role(self, field: SelectField) -> None:
        if self.name.data and not field.data:
            raise ValidationError(_("Please say what this person is."))


class PeopleForm(StepForm):
    """The client, the visit, the worker (*intervenant*), the supervisor (*encadrant*), others."""

    step = "people"
    template = "adverse_events/_step_people.html"
    client_id = RadioField(_l("Client"), validators=[Optional()])
    search = StringField(_l("Find a client"), validators=[SHORT])
    sector_id = SelectField(_l("Sector"), validators=[Optional()])
    visit_id = SelectField(_l("Visit"), validators=[Optional()])
    worker_id = SelectField(_l("Worker"), validators=[Optional()])
    supervisor_id = SelectField(_l("Supervisor"), validators=[Optional()])
    others = FieldList(FormField(PersonForm), min_entries=1, max_entries=MOST_PEOPLE + 1)
    shown_for = StringField()  # the client whose workers the page offered

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(
            user, draft, client_id=draft.client_id and str(draft.client_id),
            visit_id=draft.visit_id and str(draft.visit_id),
        )  # fmt: skip
        self.client = self._client(number_in(self.client_id.data))
        self.moment = self._moment()
        self.visits: dict[int, Visit] = {}
        self.without_client = self.client_id.data == NOBODY
        self._offer_clients()
        self._offer_others()
        if len(self.others) <= MOST_PEOPLE and self.others[-1].form.name.data:
            self.others.append_entry()

    def _client(self, number: int | None) -> Client | None:
        if number is None:
            return None
        seen = visible_clients(self.user).where(Client.id == number)
        return db.session.scalar(seen.options(joinedload(Client.file_manager), joinedload(Client.sector)))

    def _offer_clients(self) -> None:
        typed = self.search.data or ""
        found = visible_clients(self.user).where(is_named(Client, typed), Client.active) if typed else None
        names = {self.client.id: self.client.name} if self.client else {}
        if found is not None:
            in_order = found.order_by(Client.last_name, Client.first_name, Client.id).limit(MOST_FOUND)
            names |= {one.id: _named(one) for one in db.session.scalars(in_order.options(joinedload(Client.sector)))}
        self.found = len(names) - bool(self.client) if typed else None
        self.client_id.choices = offered(names | {NOBODY: _("No client concerned")})

    def _offer_others(self) -> None:
        seen = visible_sectors(self.user).where(Sector.active).order_by(Sector.name)
        sectors = db.session.scalars(seen) if self.without_client else ()
        self.sector_id.choices = [_first(_("Choose the sector")), *offered({one.id: one.name for one in sectors})]
        workers = assigned_workers(self.client.id) if self.client else self._own_workers()
        nobody = SelectChoice(value=NOBODY, label=_("No worker concerned"))
        self.worker_id.choices = [
            _first(_("Choose the worker")), nobody, *offered({one.id: one.name for one in workers})
        ]  # fmt: skip
        if self.worker_id.data is None and self.draft.visit_id:
            self.worker_id.data = self._worker_of_visit()
        self.visit_id.choices = [_first(_("No visit")), *self._visits()]
        staff = {one.id: one.name for one in supervisors()}
        self.supervisor_id.choices = [_first(_("Nobody")), *offered(staff)]
        if self.supervisor_id.data is None or (self.is_new_client and not self.supervisor_id.data):
            self.supervisor_id.data = str(default_supervisor(self.client) or "")

    @property
    def is_chosen(self) -> bool:
        """Whether it is known whom it concerns, so that the rest can be asked."""
        return self.client is not None or self.without_client

    @property
    def is_new_client(self) -> bool:
        """Whether another client was chosen since the page offered its workers."""
        return (self.shown_for.data or "") != self.shown_for_now

    @property
    def shown_for_now(self) -> str:
        return str(self.client.id) if self.client else NOBODY if self.without_client else ""

    def _own_workers(self) -> list[Worker]:
        if not self.without_client:
            return []
        chosen = visible_workers(self.user).where(Worker.active)
        return list(db.session.scalars(chosen.order_by(Worker.last_name, Worker.first_name, Worker.id)))

    def _worker_of_visit(self) -> str | None:
        visit = db.session.get(Visit, self.draft.visit_id)
        return str(visit.workers[0].id) if visit and len(visit.workers) == 1 else None

    def _visits(self) -> list[SelectChoice]:
        if self.client is None:
            return []
        until = linkable_until(self.moment or clock.now())
        near = Visit.client_id == self.client.id, Visit.state != State.DRAFT, Visit.starts_at < until
        known = number_in(self.visit_id.data or "")
        newest = visible_visits(self.user).where(*near).order_by(Visit.starts_at.desc()).limit(MOST_VISITS)
        found = {one.id: one for one in db.session.scalars(newest.options(joinedload(Visit.service)))}
        if known and known not in found:
            kept = visible_visits(self.user).where(Visit.id == known, Visit.client_id == self.client.id)
            found |= {one.id: one for one in db.session.scalars(kept)}
        self.visits = found
        return offered({one.id: f"{day(one.starts_at)}, {time_of_day(one.starts_at)} · {one.service.name}"
                        for one in found.values()})  # fmt: skip

    def _moment(self) -> datetime | None:
        """Until when it happened, as far as the step before says it."""
        when = WhenForm(self.user, self.draft)
        if not when.check():
            return None
        moments = when.answers()
        return moments["occurred_until"] or moments["occurred_at"] or moments["discovered_at"]

    def validate_visit_id(self, field: SelectField) -> None:
        visit = self.visits.get(number_in(field.data) or 0)
        if visit and self.moment:
            try:
                refuse_later_visit(visit, self.moment)
            except Refused as refusal:
                raise ValidationError(str(refusal.message)) from refusal

    def validate_client_id(self, _field: RadioField) -> None:
        if not self.is_chosen:
            raise ValidationError(_("Please find and choose the client, or say that no client is concerned."))
        if self.client and not self.client.active:
            raise ValidationError(str(closed_record(self.client).message))

    def check(self) -> bool:
        fits = bool(self.validate())
        if not self.is_chosen:
            blame(self.client_id, _("Please find and choose the client, or say that no client is concerned."))
            return False
        if not self.worker_id.data:
            blame(self.worker_id, _("Please choose the worker, or “No worker concerned”."))
            fits = False
        if self.without_client and not self.sector_id.data:
            blame(self.sector_id, _("Please choose the sector where it happened."))
            fits = False
        return fits

    def said(self) -> list[tuple[object, str]]:
        known = [self.client_id, self.visit_id, self.worker_id, self.supervisor_id]
        if self.without_client:
            known.insert(1, self.sector_id)
        lines = [(field.label.text, words) for field in known if (words := words_of(field))]
        others = [f"{one.name} ({ROLE_LABELS[one.role]})" for one in self.answers()["people"]]
        return lines + ([(_("Other persons concerned"), ", ".join(others))] if others else [])

    def answers(self) -> dict:
        lines = [one.form for one in self.others]
        return {
            "client_id": self.client.id if self.client else None,
            "sector_id": number_in(self.sector_id.data or "") if self.without_client else None,
            "visit_id": number_in(self.visit_id.data or "") if self.client else None,
            "worker_id": number_in(self.worker_id.data or ""),
            "supervisor_id": number_in(self.supervisor_id.data or ""),
            "people": [Person(one.role.data, one.name.data) for one in lines if one.name.data and one.role.data],
        }  # fmt: skip


def _first(label: str) -> SelectChoice:
    return SelectChoice(value="", label=label)


def _named(client: Client) -> str:
    return f"{client.name} · {client.sector.name}"
