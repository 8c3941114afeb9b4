"""*Journal*: every deed, who did it, to which record, what was before and after. For administrators."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, String, Text, and_, cast, false, func, or_, select
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from portal.accounts.models import Account, User
from portal.audit.models import KINDS, AuditEntry
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable
from portal.forms import NumberField, choices
from portal.i18n import start_of_day
from portal.people.search import KINDS as PEOPLE
from portal.people.search_queries import has_word, typed_words
from portal.reports.journal_changes import change_in_words
from portal.reports.journal_words import FAMILIES, RECORDS, record_label, record_pages, role_label, sentence
from portal.roles import Permission, Role


class JournalFilter(ControlFilter):
    usual_period = "last_7_days"
    longest = 12

    what = SelectField(_l("What happened"), choices=[], default="")
    who = StringField(_l("Who"), validators=[Length(max=100)])
    record = SelectField(_l("Record"), choices=[], default="")
    number = NumberField(
        _l("Number of the record"),
        validators=[Optional(), NumberRange(0, 2**31 - 1, message=_l("Please give the number of a record."))],
    )

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
    if chosen["number"] is not None:
        statement = statement.where(AuditEntry.subject_id == chosen["number"])
    return statement


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
    extra=(AuditEntry.subject_type, AuditEntry.subject_id, AuditEntry.before, AuditEntry.after),
    columns=(
        Column("at", lazy_pgettext("deed", "When"), AuditEntry.at, "moment"),
        Column("who", _l("Who"), _name(), read=lambda name: name or str(_l("The portal"))),
        Column("role", _l("Role"), AuditEntry.role, read=role_label, may_be_empty=True),
        Column("what", _l("What happened"), AuditEntry.kind, read=sentence),
        Column(
            "record", _l("Record"), AuditEntry.subject_type + " " + cast(AuditEntry.subject_id, String),
            read=record_label, sort=(AuditEntry.subject_type, AuditEntry.subject_id), page=record_pages,
        ),
        Column("change", _l("Before and after"), AuditEntry.kind, "long", of_row=_change,
               sort=cast(AuditEntry.after, Text)),
    ),
)  # fmt: skip
