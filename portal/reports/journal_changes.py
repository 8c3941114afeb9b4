"""What the journal's entries say was before and after, field by field, in words of the reader's language."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from inspect import getmembers
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms.fields.core import UnboundField

from portal.accounts.own import METHODS
from portal.controls.reports import REPORTS
from portal.extensions import wires
from portal.i18n import LANGUAGES, exact, full_day
from portal.imports.queries import RESULT_WORDS
from portal.incidents.words import OUTCOME_LABELS, PHASE_LABELS, URGENCY_LABELS
from portal.incidents.words import STATE_LABELS as INCIDENT_STATES
from portal.notes.words import PRIORITY_LABELS, REPEAT_LABELS, SITUATION_LABELS
from portal.organisation.lists import LIST_LABELS
from portal.organisation.sectors import KIND_LABELS
from portal.outbox.queries import REASON_LABELS, STATE_LABELS
from portal.people.availability_forms import weekdays
from portal.people.timeline import LABELS
from portal.ratings.suspects import SUSPECT_LABELS
from portal.ratings.words import HOW_GIVEN
from portal.reports import journal_quality
from portal.reports.journal_words import record_label
from portal.reports.quality import SOURCES
from portal.roles import ROLE_LABELS
from portal.settings.forms import in_words
from portal.settings.models import OPTIONS
from portal.threads.choices import HOW_LABELS as PACE_LABELS
from portal.threads.words import INCIDENT, TOPICS
from portal.visits.queries import STAGE_LABELS

FIELDS = {
    **journal_quality.FIELDS,
    **{str(outcome): label for outcome, label in RESULT_WORDS.items()},  # how many lines of a file
    "absences": _l("Absences"),
    "account_id": _l("Account, by number"),
    "active": _l("Active"),
    "again": _l("Asked again"),
    "alert": _l("Alert"),
    "all_sectors": _l("All sectors"),
    "another_phone": _l("Another phone"),
    "asked": _l("Client asked to rate it"),
    "availability": _l("Weekly availability"),
    "begins": _l("Begins at"),
    "bytes": _l("Bytes"),
    "cancelled_messages": _l("Messages taken back, by number"),
    "category_id": _l("Category, by number"),
    "call_back": _l("Offer to call back"),
    "channel": _l("Source"),
    "comment": _l("Comment"),
    "criteria": _l("Criteria"),
    "client_id": _l("Client, by number"),
    "colleague_id": _l("Colleague, by number"),
    "default_minutes": _l("Minutes"),
    "due_on": _l("Due date"),
    "ends": _l("Ends at"),
    "ends_at": _l("End"),
    "excluded": _l("Excluded"),
    "exclusion": _l("Reason number"),
    "external_id": _l("External id"),
    "fields": _l("Fields"),
    "file": _l("Record"),
    "file_manager_id": _l("Manager, by number"),
    "filled": _l("Filled in"),
    "filters": _l("Filters"),
    "month": _l("Month"),
    "word": _l("Answer or contest of the worker"),
    "accepted": _l("Contest accepted"),
    "hidden": _l("Columns put away"),
    "version": _l("Version of the notice"),
    "first_day": _l("First day"),
    "format": _l("Format"),
    "how": _l("Given how"),
    "imported": _l("By an import"),
    "incident_mails": _l("Mails about incidents"),
    "internal": _l("Internal message"),
    "kind": _l("Kind"),
    "last_day": _l("Last day"),
    "left": _l("Codes left"),
    "from": _l("From service number"),
    "label_en": _l("Label in English"),
    "label_fr": _l("Label in French"),
    "label_ru": _l("Label in Russian"),
    "language": _l("Language"),
    "legal_code": _l("Category of the law"),
    "level_id": _l("Level, by number"),
    "levels": _l("Levels"),
    "list": _l("List"),
    "mails": _l("Alert by mail"),
    "manager_id": _l("Manager, by number"),
    "may_rate": _l("May rate"),
    "message": _l("Message number"),
    "message_mails": _l("Mails about messages"),
    "message_text.language": _l("Language"),
    "message_text.version": _l("Version"),
    "method": _l("How"),
    "mission_order": _l("Mission order"),
    "name": lazy_pgettext("thing", "Name"),
    "number": _l("How many"),
    "outcome": _l("How it ended"),
    "owner_id": _l("Owner, by number"),
    "page": _l("Page"),
    "phase": _l("Part of the visit"),
    "place": _l("Place in the order"),
    "priority": _l("Priority"),
    "published": _l("Visible on the portals"),
    "parent_id": _l("Sector above, by number"),
    "purpose": _l("How"),
    "question_en": _l("Question"),
    "question_fr": _l("Question"),
    "question_ru": _l("Question"),
    "reason": _l("Reason"),
    "regulated": _l("Authorised by the department"),
    "remind_at": lazy_pgettext("note", "Reminder"),
    "repeats": _l("Comes back"),
    "reply": _l("Reply number"),
    "role": _l("Role"),
    "rows": _l("Lines"),
    "sector_id": _l("Sector, by number"),
    "sector_ids": _l("Sectors, by number"),
    "sees_ratings": _l("Sees ratings"),
    "sees_threads": _l("Reads and writes in conversations and complaints"),
    "sees_upcoming": _l("Sees visits to come"),
    "service_id": _l("Service, by number"),
    "session": _l("Session number"),
    "severe": _l("Always alert at once"),
    "shared": lazy_pgettext("filter", "Shared"),
    "situation": _l("Situation"),
    "skill_id": _l("Skill, by number"),
    "skills": _l("Skills"),
    "stars": _l("Stars"),
    "starts_at": _l("Beginning"),
    "state": _l("State"),
    "table": _l("Table"),
    "tasks": _l("Tasks"),
    "text": _l("Text"),
    "title": lazy_pgettext("note", "Title"),
    "topic": _l("Subject"),
    "urgency": _l("Urgency"),
    "visit": _l("Visit, by number"),
    "visit_id": _l("Visit, by number"),
    "weekday": _l("Day of the week"),
    "worker_id": _l("Worker, by number"),
    "workers": _l("Workers, by number"),
}
# what stands for something in words, by its field; where it depends on what it was done to, by that too
WORDS: Mapping[str, Mapping[Any, object]] = {
    **journal_quality.WORDS,
    "account.method": METHODS,
    "channel": SOURCES,
    "how": HOW_GIVEN,
    "incident.state": INCIDENT_STATES,
    "incident_mails": PACE_LABELS,
    "language": LANGUAGES,
    "priority": PRIORITY_LABELS,
    "repeats": REPEAT_LABELS,
    "situation": SITUATION_LABELS,
    "list_entry.list": LIST_LABELS,
    "message.reason": REASON_LABELS,
    "message.state": STATE_LABELS,
    "message_mails": PACE_LABELS,
    "outcome": OUTCOME_LABELS,
    "phase": PHASE_LABELS,
    "role": ROLE_LABELS,
    "sector.kind": KIND_LABELS,
    "topic": {**TOPICS, INCIDENT: _l("Incident")},
    "urgency": URGENCY_LABELS,
    "visit.reason": SUSPECT_LABELS,
    "visit.state": STAGE_LABELS,
}


def change_in_words(record: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """`State: To do → Completed; Stars: 4`: what was and is, field by field.

    Args:
        record: the type of what it was done to: `visit`.
        before, after: as the journal keeps them.
    """
    was, is_ = before or {}, after or {}
    return "; ".join(_field(record, name, was, is_) for name in dict.fromkeys([*was, *is_])) or None


def _field(record: str, name: str, was: Mapping[str, Any], is_: Mapping[str, Any]) -> str:
    if name in was and name in is_ and was[name] != is_[name]:
        value = f"{_value(record, name, was[name])} → {_value(record, name, is_[name])}"
    elif name in is_:
        value = _value(record, name, is_[name])
    else:
        value = f"{_value(record, name, was[name])} →"
    label = FIELDS.get(f"{record}.{name}") or FIELDS.get(name) or (OPTIONS[name].label if name in OPTIONS else name)
    return _("%(name)s: %(value)s", name=str(label), value=value)


def _value(record: str, name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if name in OPTIONS:
        return in_words(OPTIONS[name], value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(record, name, each) for each in value) or "—"
    if name == "weekday":
        return weekdays()[value]
    return _text(record, name, value) if isinstance(value, str) else str(value)


def _text(record: str, name: str, value: str) -> str:
    if name == "at" or name.endswith("_at"):
        return exact(datetime.fromisoformat(value))
    if name.endswith(("_day", "_on", "answer_by")):
        return full_day(date.fromisoformat(value))
    if name == "file":
        return record_label(value.replace(":", " "))
    if name == "page":
        return _address(value)
    return str(_words(record, name).get(value, value))


def _words(record: str, name: str) -> Mapping[str, object]:
    match name:
        case "fields" | "filled" if record != "adverse_event":
            return {**FIELDS, **LABELS}
        case "filters":
            return _filters()
        case "purpose":
            mails = {kind.removeprefix("accounts."): one.label for kind, one in wires.message_kinds.items()}
            return {**mails, "setup": _l("First steps")}
        case "table":
            return {table.name: table.title for table in (*wires.tables.values(), *REPORTS.values())}
        case "kind" if record == "import":
            return {importer.kind: importer.title for importer in wires.importers.values()}
        case _:
            return WORDS.get(f"{record}.{name}") or WORDS.get(name) or {}


def _filters() -> dict[str, object]:
    """The labels of the filters of all tables."""
    forms = [*(table.form for table in wires.tables.values()), *(one.form for one in REPORTS.values())]
    fields = [pair for form in forms for pair in getmembers(form, lambda one: isinstance(one, UnboundField))]
    return {name: field.args[0] for name, field in fields}


def _address(endpoint: str) -> str:
    """Where a page stands, its numbers left out."""
    if endpoint not in current_app.view_functions:
        return endpoint
    return re.sub("<[^>]*>", "…", next(current_app.url_map.iter_rules(endpoint)).rule)
