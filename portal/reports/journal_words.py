"""What the journal's entries say in the reader's language: of what kind they are, who did it, about which record."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.audit.models import KINDS
from portal.roles import ROLE_LABELS, Role
from portal.settings.queries import option
from portal.tables.queries import addresses_of

FAMILIES = {  # of deeds, by what stands before the point
    "account": _l("Accounts"),
    "access": _l("Refused pages"),
    "person": _l("Records of people"),
    "sector": _l("Sectors"),
    "service": _l("Services"),
    "skill": _l("Skills"),
    "visit": _l("Visits"),
    "rating": _l("Ratings"),
    "survey": _l("Survey"),
    "month": _l("Closed months"),
    "incident": _l("Incidents"),
    "reason": _l("Incident reasons"),
    "list": _l("Lists"),
    "note": _l("Notes and reminders"),
    "complaint": _l("Complaints"),
    "event": _l("Adverse events"),
    "thread": _l("Conversations"),
    "notice": _l("Mails about conversations"),
    "message": _l("Outgoing messages"),
    "template": _l("Texts of messages"),
    "channel": _l("Holding of messages"),
    "import": _l("Imports"),
    "table": _l("Files of tables"),
    "filter": _l("Saved filters"),
    "option": _l("Configuration"),
    "tally": _l("Sums behind the figures"),
}
RECORDS = {
    "account": _l("Account"),
    "adverse_event": _l("Adverse event"),
    "client": _l("Client"),
    "complaint": _l("Complaint"),
    "relative": _l("Relative"),
    "worker": _l("Worker"),
    "staff": _l("Member of staff"),
    "visit": _l("Visit"),
    "closed_month": _l("Closed month"),
    "survey": _l("Survey"),
    "message": _l("Message"),
    "message_text": _l("Text of a message"),
    "note": _l("Note"),
    "import": _l("Import"),
    "export": _l("File of a table"),
    "filter": _l("Saved filter"),
    "sector": _l("Sector"),
    "service": _l("Service"),
    "incident": _l("Incident"),
    "thread_group": _l("Message to many"),
    "reason": _l("Incident reason"),
    "list_entry": _l("Entry of a list"),
    "thread": _l("Conversation"),
    "skill": _l("Skill"),
    "option": _l("Option"),
    "tally": _l("Month of sums"),
    "channel": _l("Sending of messages"),
}
# pages of one record, and the name of its number in their address
PAGES = {
    "account": ("staff.show_account", "account_id"),
    "adverse_event": ("staff.show_event", "event_id"),
    "client": ("staff.show_client", "client_id"),
    "complaint": ("staff.show_complaint", "complaint_id"),
    "worker": ("staff.show_worker", "worker_id"),
    "staff": ("staff.show_staff", "staff_id"),
    "visit": ("staff.show_visit", "visit_id"),
    "incident": ("staff.show_incident", "incident_id"),
    "note": ("staff.show_note", "note_id"),
    "thread": ("staff.show_thread", "thread_id"),
    "thread_group": ("staff.show_group", "group_id"),
    "message": ("staff.show_message", "message_id"),
    "sector": ("staff.change_sector", "sector_id"),
    "service": ("staff.change_service", "service_id"),
    "skill": ("staff.change_skill", "skill_id"),
}
# those of which there is a page while this option is on
MODULES = {
    "adverse_event": "adverse_events.enabled",
    "complaint": "complaints.enabled",
    "incident": "incidents.enabled",
}


def sentence(kind: str) -> str:
    """What happened, without the full stop."""
    return str(KINDS[kind]).rstrip(".") if kind in KINDS else kind


def role_label(role: str) -> str | None:
    """None for a login as such, before one of its files is opened."""
    return str(ROLE_LABELS[Role(role)]) if role in list(Role) else None


def record_label(said: str) -> str:
    """`visit 17` in words: the type and the number of a record. Of what there is only one, the number says nothing."""
    type_, _gap, number = said.rpartition(" ")
    name = str(RECORDS.get(type_, type_))
    return name if number == "0" else _("%(record)s no. %(number)s", record=name, number=number)


def record_pages() -> Callable[[Any], str | None]:
    """Return what gives a row of the journal the address of the record that it is about, where there is a page."""
    known = {type_: addresses_of(endpoint, number) for type_, (endpoint, number) in PAGES.items()
             if type_ not in MODULES or option(MODULES[type_])}  # fmt: skip
    return lambda row: known[row.subject_type](row.subject_id) if row.subject_type in known else None
