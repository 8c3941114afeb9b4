"""The filters of the analytics, and what they choose: one cut for all figures of a page."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Select, literal, select, true, union_all
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.accounts.models import User
from portal.controls.forms import NOT_YOURS, ControlFilter, Query
from portal.controls.periods import PERIODS, days_before
from portal.extensions import db
from portal.folding import fold
from portal.forms import STAR_WORDS, choices, number_in
from portal.people.models import Client, Worker
from portal.people.queries import is_named
from portal.ratings.models import RatedWorker, RatingSubject
from portal.reports.feedback_cut import CLIENTS, Cut, in_perimeter
from portal.reports.quality import COMMENTS, SOURCES, managers, named, sectors, services

COMPARED = {"before": _l("With the period before"), "none": _l("With nothing")}
KINDS = {"worker": Worker, "client": Client}
OF_SINGLE = ("stars", "comment", "seen", "counted")
SHOWN = 8  # of one name


class FeedbackFilter(ControlFilter):
    """The filters of the page. A worker or a client is chosen by name, or by number where a link says it."""

    usual_period = "last_30_days"
    periods = (*tuple(PERIODS)[:-2], "free")
    about_period = _l("The day of the visit counts, not the day on which it was rated.")

    compare = SelectField(_l("Compare"), choices=[], default="before")
    sector = SelectField(_l("Sector, with those below"), choices=[])
    service = SelectField(_l("Service"), choices=[])
    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    manager = SelectField(_l("Manager"), choices=[])
    client = StringField(_l("Client"), validators=[Length(max=100)])
    source = SelectField(_l("Source"), choices=[], default="")

    def __init__(self, user: User, args: MultiDict) -> None:
        super().__init__(args, _offered(user))
        self.user = user
        self.compare.choices = [SelectChoice(value=key, label=str(label)) for key, label in COMPARED.items()]
        self.source.choices = choices({CLIENTS: _l("Given by clients themselves"), **SOURCES}, _l("All sources"))
        self.people: dict[str, tuple[int, str]] = {}  # who is meant, by field: number and name
        self.found: dict[str, Sequence[tuple[int, str]]] = {}  # where several are

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        return self._knows_people() and fine

    def _knows_people(self) -> bool:
        """Find who is meant in the fields of people: one of those who can be seen in ratings of these sectors."""
        asked = {name: self[name].data for name in KINDS if self[name].data and not self[name].errors}
        if not asked:
            return True
        parts = [_people_called(self.user, name, typed) for name, typed in asked.items()]
        rows = db.session.execute(union_all(*parts)).all()
        for name, typed in asked.items():
            self._choose(name, typed, sorted((fold(row.name), row.id, row.name) for row in rows if row.field == name))
        return not any(self[name].errors for name in KINDS)

    def _choose(self, name: str, typed: str, found: Sequence[tuple[str, int, str]]) -> None:
        if len(found) == 1:
            _folded, number, called = found[0]
            self.people[name], self[name].data = (number, called), called
            return
        self.found[name] = [(number, called) for _folded, number, called in found[:SHOWN]]
        sentence = _("Several people are called so: choose one of them below, or write more of the name.")
        unknown = NOT_YOURS if number_in(typed) is not None else _("Nobody of this name is in the ratings you may see.")
        self[name].errors = [*self[name].errors, sentence if found else str(unknown)]

    @property
    def cut(self) -> Cut:
        """What is chosen, once the form is valid."""
        first, last = self.days()
        number = {name: number_in(self[name].data) for name in ("sector", "service", "manager")}
        people = {name: who[0] for name, who in self.people.items()}
        return Cut(self.user, first, last, **number, **people, source=self.source.data or "")  # ty: ignore[invalid-argument-type]

    @property
    def cut_before(self) -> Cut | None:
        """What it is compared with."""
        if self.compare.data == "none":
            return None
        return self.cut.at(*days_before(self.period.data or "", *self.days()))

    def narrowed(self, name: str, value: object) -> str:
        """The address with one filter set anew."""
        return urlencode([*((key, said) for key, said in self.query() if key != name), (name, str(value))])

    def query(self) -> Query:
        """What the address says; of people the number, which stays when somebody of the same name comes."""
        numbers = {name: str(number) for name, (number, _called) in self.people.items()}
        usual = ("compare", "before")
        return [(name, numbers.get(name, value)) for name, value in super().query() if (name, value) != usual]

    def described(self) -> list[tuple[str, str]]:
        labels = {str(self[name].label.text): called for name, (_number, called) in self.people.items()}
        hidden = str(self.compare.label.text) if "compare" in self else ""
        return [(name, labels.get(name, value)) for name, value in super().described() if name != hidden]


class ReviewFilter(FeedbackFilter):
    """The same for the reviews, with what narrows single ones."""

    stars = SelectMultipleField(_l("Stars"), coerce=str, choices=[])
    comment = SelectField(_l("Comment"), choices=[], default="")
    seen = SelectField(_l("Looked at"), choices=[], default="")
    counted = SelectField(lazy_pgettext("ratings", "Counted"), choices=[], default="")

    def __init__(self, user: User, args: MultiDict) -> None:
        super().__init__(user, args)
        del self.compare  # there is nothing to compare
        self.stars.choices = [SelectChoice(value=str(stars), label=str(stars)) for stars in sorted(STAR_WORDS)]
        self.comment.choices = choices(COMMENTS, _l("With or without"))
        self.seen.choices = choices({"no": _l("Low, not looked at yet")}, _l("All ratings"))
        self.counted.choices = choices({"all": _l("Also those not counted")}, _l("Counted ratings only"))

    @property
    def of_figures(self) -> str:
        """The address of the figures of the same choice."""
        return urlencode([(name, value) for name, value in self.query() if name not in OF_SINGLE])

    def switch(self, labels: Mapping[str, object], name: str, now: str, **more: str) -> list[tuple[str, str, bool]]:
        """Links that show the same in another way: words, address, whether it is so now."""
        kept = [*self.query(), *((key, value) for key, value in more.items() if value)]
        return [(str(label), f"?{urlencode([*kept, *([(name, key)] if key else [])])}", key == now)
                for key, label in labels.items()]  # fmt: skip


def _offered(user: User) -> dict[str, tuple[object, Sequence[tuple[int, str]]]]:
    """What the select fields offer, in one statement."""
    words = {"sector": _l("All sectors"), "service": _l("All services"), "manager": _l("All managers")}
    parts = []
    for field, rows in (("sector", sectors(user)), ("service", services(user)), ("manager", managers(user))):
        one = rows.subquery(field)
        parts.append(select(literal(field).label("field"), one.c[0].label("id"), one.c[1].label("label")))
    found: dict[str, list[tuple[int, str]]] = {field: [] for field in words}
    for row in db.session.execute(union_all(*parts)):
        found[row.field].append((row.id, row.label))
    return {field: (words[field], sorted(rows, key=lambda row: fold(row[1]))) for field, rows in found.items()}


def _people_called(user: User, field: str, typed: str) -> Select:
    """Those of a name, or of a number, whose visits could be rated in the sectors of this person."""
    kind = KINDS[field]
    number = number_in(typed) if re.fullmatch(r"\d+", typed) else None
    who: ColumnElement[bool] = is_named(kind, typed) if number is None else kind.id == number
    concerned = select(RatingSubject.id).where(in_perimeter(user, RatingSubject.sector_id), true())
    if kind is Worker:
        of_one = RatedWorker.worker_id == Worker.id, RatedWorker.subject_id == RatingSubject.id
        concerned = concerned.where(*of_one).correlate(Worker)
    else:
        concerned = concerned.where(RatingSubject.client_id == Client.id).correlate(Client)
    chosen = select(literal(field).label("field"), kind.id.label("id"), named(kind).label("name"))
    return select(chosen.where(who, concerned.exists()).limit(SHOWN + 1).subquery(field))
