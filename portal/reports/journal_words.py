"""What the journal's entries say in the reader's language: of what kind, about which record, what before and after."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.audit.models import KINDS
from portal.extensions import wires
from portal.i18n import LANGUAGES, exact
from portal.ratings.words import HOW_LABELS
from portal.reports.quality import SOURCES
from portal.roles import ROLE_LABELS
from portal.settings.models import OPTIONS
from portal.tables.queries import addresses_of
from portal.visits.queries import STAGE_LABELS

FAMILIES = {  # of deeds, by what stands before the point
    "account": _l("Accounts"),
    "access": _l("Refused pages"),
    "person": _l("Records of people"),
    "sector": _l("Sectors"),
    "service": _l("Services"),
    "skill": _l("Skills"),
    "visit": _l("Visits"),
    "rating": _l("Ratings"),
    "message": _l("Outgoing messages"),
    "channel": _l("Holding of messages"),
    "import": _l("Imports"),
    "table": _l("Files of tables"),
    "filter": _l("Saved filters"),
    "option": _l("Configuration"),
}
RECORDS = {
    "account": _l("Account"),
    "client": _l("Client"),
    "relative": _l("Relative"),
    "worker": _l("Worker"),
    "staff": _l("Member of staff"),
    "visit": _l("Visit"),
    "message": _l("Message"),
    "import": _l("Import"),
    "export": _l("File of a table"),
    "filter": _l("Saved filter"),
    "sector": _l("Sector"),
    "service": _l("Service"),
    "skill": _l("Skill"),
    "option": _l("Option"),
    "channel": _l("Sending of messages"),
}
# pages of one record, and the name of its number in their address
PAGES = {
    "account": ("staff.show_account", "account_id"),
    "client": ("staff.show_client", "client_id"),
    "worker": ("staff.show_worker", "worker_id"),
    "staff": ("staff.show_staff", "staff_id"),
    "visit": ("staff.show_visit", "visit_id"),
    "message": ("staff.show_message", "message_id"),
    "sector": ("staff.change_sector", "sector_id"),
    "service": ("staff.change_service", "service_id"),
    "skill": ("staff.change_skill", "skill_id"),
}
FIELDS = {
    "active": _l("Active"),
    "again": _l("Asked again"),
    "all_sectors": _l("All sectors"),
    "cancelled_messages": _l("Messages taken back, by number"),
    "channel": _l("Source"),
    "default_minutes": _l("Minutes"),
    "ends_at": _l("End"),
    "excluded": _l("Excluded"),
    "exclusion": _l("Reason number"),
    "fields": _l("Fields"),
    "file_manager_id": _l("Manager, by number"),
    "filled": _l("Filled in"),
    "filters": _l("Filters"),
    "format": _l("Format"),
    "how": _l("Given how"),
    "kind": _l("Kind"),
    "language": _l("Language"),
    "levels": _l("Levels"),
    "may_rate": _l("May rate"),
    "message": _l("Message number"),
    "method": _l("How"),
    "name": _l("Name"),
    "number": _l("How many"),
    "page": _l("Page"),
    "reason": _l("Reason"),
    "reply": _l("Reply number"),
    "role": _l("Role"),
    "rows": _l("Lines"),
    "sector_id": _l("Sector, by number"),
    "sector_ids": _l("Sectors, by number"),
    "sees_ratings": _l("Sees ratings"),
    "sees_upcoming": _l("Sees visits to come"),
    "shared": lazy_pgettext("filter", "Shared"),
    "stars": _l("Stars"),
    "starts_at": _l("Beginning"),
    "state": _l("State"),
    "table": _l("Table"),
    "tasks": _l("Tasks"),
    "workers": _l("Workers"),
}


def sentence(kind: str) -> str:
    """What happened, without the full stop."""
    return str(KINDS[kind]).rstrip(".") if kind in KINDS else kind


def role_label(role: str) -> str | None:
    """None for a login as such, before one of its files is opened."""
    return str(_ROLES[role]) if role in _ROLES else None


def record_label(said: str) -> str:
    """`visit 17` in words: the type and the number of a record. Of what there is only one, the number says nothing."""
    type_, _gap, number = said.rpartition(" ")
    name = str(RECORDS.get(type_, type_))
    return name if number == "0" else _("%(record)s no. %(number)s", record=name, number=number)


def record_pages() -> Callable[[Any], str | None]:
    """Return what gives a row of the journal the address of the record that it is about, where there is a page."""
    known = {
        type_: addresses_of(endpoint, number)
        for type_, (endpoint, number) in PAGES.items()
        if endpoint in current_app.view_functions
    }
    return lambda row: known[row.subject_type](row.subject_id) if row.subject_type in known else None


def change_in_words(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    """`State: To do → Completed; Stars: 4`: what was and is, field by field."""
    was, is_ = before or {}, after or {}
    told = [_field(name, was, is_) for name in dict.fromkeys([*was, *is_])]
    return "; ".join(told) or None


def _field(name: str, was: Mapping[str, Any], is_: Mapping[str, Any]) -> str:
    label = str(FIELDS.get(name) or (OPTIONS[name].label if name in OPTIONS else "") or name)
    if name in was and name in is_ and was[name] != is_[name]:
        value = f"{_value(name, was[name])} → {_value(name, is_[name])}"
    elif name in is_:
        value = _value(name, is_[name])
    else:
        value = f"{_value(name, was[name])} →"
    return _("%(name)s: %(value)s", name=label, value=value)


def _value(name: str, value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_value(name, each) for each in value) or "—"
    if not isinstance(value, str):
        return str(value)
    if name.endswith("_at"):
        return exact(datetime.fromisoformat(value))
    tables = {table.name: table.title for table in wires.tables.values()} if name == "table" else {}
    words: Mapping[str, object] = {
        "state": STAGE_LABELS, "channel": SOURCES, "how": HOW_LABELS, "role": _ROLES, "language": LANGUAGES,
    }.get(name, tables)  # fmt: skip
    return str(words.get(value, value))


_ROLES = {str(role): label for role, label in ROLE_LABELS.items()}
