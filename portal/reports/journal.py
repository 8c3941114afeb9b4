"""*Journal*: every deed, who did it, to which record, what was before and after. For administrators."""

import re
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, String, Text, and_, cast, false, func, or_, select
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from portal.accounts.models import Account, User
from portal.adverse_events.models import AdverseEvent, reference_of
from portal.audit.models import KINDS, AuditEntry
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable
from portal.forms import choices, number_in
from portal.i18n import start_of_day
from portal.people.search import KINDS as PEOPLE
from portal.people.search_queries import has_word, typed_words
from portal.reports.journal_changes import change_in_words
from portal.reports.journal_words import FAMILIES, RECORDS, record_label, record_pages, role_label, sentence
from portal.roles import Permission, Role

REFERENCE = re.compile(r"EI-(\d{4})-(\d{1,9})", re.IGNORECASE | re.ASCII)


class JournalFilter(ControlFilter):
    usual_period = "last_7_days"
    longest = 12

    what = SelectField(_l("What happened"), choices=[], default="")
    who = StringField(_l("Who"), validators=[Length(max=100)])
    record = SelectField(_l("Record"), choices=[], default="")
    number = StringField(_l("Number or reference of the record"), validators=[Length(max=40)])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.record.choices = choices(RECORDS, _l("All records"))
        offered = [SelectChoice(value="", label=str(_l("Everything")))]
        for family, name in FAMILIES.items():
            offered.append(SelectChoice(value=f"{family}.", label=str(_l("All of them")), optgroup=str(name)))
            offered += [
                SelectChoice(value=kind, label=sentence(kind), optgroup=str(name))
                for kind in KINDS if kind.startswith(f"{family}.")
            ]  # fmt: skip
        self.what.choices = offered

    def validate_number(self, field: StringField) -> None:
        if field.data and _of_record(field.data) is None:
            raise ValidationError(_("Please give the number of a record."))


def visible_entries(user: User) -> Select[AuditEntry]:
    """Entries of the journal that this person may read: administrators read all, nobody else any."""
    return select(AuditEntry) if user.role == Role.ADMIN else select(AuditEntry).where(false())


def rows(user: User, form: ControlFilter) -> Select:
    first, last = form.days()
    chosen, at = form.data, AuditEntry.at
    statement = visible_entries(user).where(at >= start_of_day(first), at < start_of_day(last + timedelta(days=1)))
    if chosen["what"]:
        whole_family = AuditEntry.kind.startswith(chosen["what"], autoescape=True)
        statement = statement.where(whole_family if chosen["what"].endswith(".") else AuditEntry.kind == chosen["what"])
    if chosen["who"]:
        statement = statement.where(_done_by(chosen["who"]))
    if chosen["record"]:
        statement = statement.where(AuditEntry.subject_type == chosen["record"])
    if (about := _of_record(chosen["number"] or "")) is not None:
        statement = statement.where(about)
    return statement


def _of_record(typed: str) -> ColumnElement[bool] | None:
    """Entries about the record with this number, or about the adverse event with this reference; None: neither."""
    if found := REFERENCE.fullmatch(typed):
        year, number = map(int, found.groups())
        event = select(AdverseEvent.id).where(AdverseEvent.year == year, AdverseEvent.number == number)
        return and_(AuditEntry.subject_type == "adverse_event", AuditEntry.subject_id.in_(event))
    number = number_in(typed)
    return None if number is None else AuditEntry.subject_id == number


def _done_by(typed: str) -> ColumnElement[bool]:
    """Deeds in files of people each of whose words begin as typed; a name without a word finds nobody."""
    words = typed_words(typed)
    if not words:
        return false()
    found = [
        and_(AuditEntry.person_type == kind.__tablename__,
             AuditEntry.person_id.in_(select(kind.id).where(*(has_word(kind, word) for word in words))))
        for kind in PEOPLE
    ]  # fmt: skip
    logins = select(Account.id).where(Account.email.startswith(typed.strip().lower(), autoescape=True))
    return or_(*found, and_(AuditEntry.person_type.is_(None), AuditEntry.account_id.in_(logins)))


def _name() -> Any:
    """Who did it: whose file it was done in, else the address of the login; empty for the portal itself."""
    names = [
        select(func.trim(kind.first_name + " " + kind.last_name))
        .where(AuditEntry.person_type == kind.__tablename__, kind.id == AuditEntry.person_id)
        .correlate(AuditEntry).scalar_subquery()
        for kind in PEOPLE
    ]  # fmt: skip
    login = select(Account.email).where(Account.id == AuditEntry.account_id).correlate(AuditEntry).scalar_subquery()
    return func.coalesce(*names, login, "")


# by what people know an event: its year and number; of other records nothing
_KNOWN_BY = (
    select(cast(AdverseEvent.year, String) + "-" + cast(AdverseEvent.number, String))
    .where(AuditEntry.subject_type == "adverse_event", AdverseEvent.id == AuditEntry.subject_id)
    .correlate(AuditEntry).scalar_subquery()
)  # fmt: skip


def _record(row: Row) -> str:
    if row.known_by is None:
        return record_label(f"{row.subject_type} {row.subject_id}")
    return _("Adverse event %(reference)s", reference=reference_of(*map(int, row.known_by.split("-"))))


def _change(row: Row) -> str | None:
    return change_in_words(row.subject_type, row.before, row.after)


JOURNAL = ControlTable(
    name="journal",
    title=_l("Audit log"),
    family=_l("Administration"),
    intro=_l("Every deed: who did it and when, to which record, and what was before and after."),
    section=_l("Administration"),
    rule="/journal",
    permission=Permission.SEE_JOURNAL,
    form=JournalFilter,
    rows=rows,
    key=AuditEntry.id,
    sort="-at",
    extra=(AuditEntry.subject_type, AuditEntry.subject_id, AuditEntry.before, AuditEntry.after,
           _KNOWN_BY.label("known_by")),
    columns=(
        Column("at", lazy_pgettext("deed", "When"), AuditEntry.at, "moment"),
        Column("who", _l("Who"), _name(), read=lambda name: name or str(_l("The portal"))),
        Column("role", _l("Role"), AuditEntry.role, read=role_label, may_be_empty=True),
        Column("what", _l("What happened"), AuditEntry.kind, read=sentence),
        Column(
            "record", _l("Record"), AuditEntry.subject_type + " " + cast(AuditEntry.subject_id, String),
            of_row=_record, sort=(AuditEntry.subject_type, AuditEntry.subject_id), page=record_pages,
        ),
        Column("change", _l("Before and after"), AuditEntry.kind, "long", of_row=_change,
               sort=cast(AuditEntry.after, Text)),
    ),
)  # fmt: skip
