"""What the journal says of notes, complaints and adverse events: names of their fields, words of their values.

Of an event it says neither what happened nor who reported it in confidence: the entries do not hold it.
"""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.adverse_events.feedback import HOW_LABELS, Told
from portal.adverse_events.follow_words import ACTION_KINDS_SHORT, ACTION_STATE_LABELS, EFFECTIVE_LABELS, METHOD_LABELS
from portal.adverse_events.former_words import LABELS
from portal.adverse_events.routes_of_law import ROUTE_LABELS, STATUS_LABELS
from portal.adverse_events.words import (
    CONSEQUENCE_LABELS,
    CONTINUITY_LABELS,
    KIND_LABELS,
    MEASURE_LABELS,
    MODE_LABELS,
    NATURE_LABELS,
    PLACE_LABELS,
)
from portal.adverse_events.words import STATE_LABELS as EVENT_STATES
from portal.complaints.words import CHANNEL_LABELS, DIRECTION_LABELS
from portal.complaints.words import OUTCOME_LABELS as COMPLAINT_OUTCOMES
from portal.complaints.words import STATE_LABELS as COMPLAINT_STATES
from portal.notes.words import PRIORITY_LABELS, REPEAT_LABELS, SITUATION_LABELS

WHOM = {
    Told.REPORTER: lazy_pgettext("told", "Who reported it"),
    Told.CLIENT: lazy_pgettext("told", "The client"),
    Told.COUNCIL: lazy_pgettext("told", "The councils"),
}
FIELDS = {
    "action": _l("Action number"),
    "adverse_event.place": _l("Place"),
    "alert": _l("Alert"),
    "answer_by": _l("Answer by"),
    "at": lazy_pgettext("deed", "When"),
    "category_id": _l("Category, by number"),
    "check_on": _l("Effect looked at on"),
    "client": _l("Client, by number"),
    "colleague_id": _l("Colleague, by number"),
    "consequences": _l("Consequences"),
    "complaint": _l("Complaint, by number"),
    "continuity": _l("Whether the support goes on"),
    "direction": _l("By whom, about whom"),
    "done_on": _l("Done on"),
    "effective": _l("Effective"),
    "event": _l("Adverse event, by number"),
    "exposed": _l("Persons exposed"),
    "finished": _l("Finished"),
    "former": _l("What it said before, by number"),
    "frequency": _l("Frequency"),
    "incident": _l("Incident, by number"),
    "legal": _l("Category of the law"),
    "mails": _l("Alert by mail"),
    "measures": _l("Immediate measures"),
    "mode": _l("How it was reported"),
    "nature": _l("Nature"),
    "note": _l("Note, by number"),
    "opened": _l("Open to the worker"),
    "owner": _l("Owner, by number"),
    "potential": _l("Potential severity"),
    "priority": _l("Priority"),
    "rating": _l("Rating, by number"),
    "remind_at": lazy_pgettext("note", "Reminder"),
    "repeats": _l("Comes back"),
    "residual": _l("Severity that is left"),
    "route": _l("Authority"),
    "sector": _l("Sector, by number"),
    "severity": _l("Severity"),
    "short": _l("Reported in short"),
    "situation": _l("Situation"),
    "status": _l("Status"),
    "steps": _l("Steps of the timeline"),
    "subject": _l("Subject, by number"),
    "supervisor_id": _l("Supervisor, by number"),
    "text": _l("Text"),
    "title": lazy_pgettext("note", "Title"),
    "victims": _l("Victims"),
    "visit_id": _l("Visit, by number"),
    "whom": _l("Whom"),
    "worker": _l("Worker, by number"),
    "worker_id": _l("Worker, by number"),
}
WORDS: Mapping[str, Mapping[Any, object]] = {  # an event's entries hold those of its actions and authorities too
    "adverse_event.consequences": CONSEQUENCE_LABELS,
    "adverse_event.continuity": CONTINUITY_LABELS,
    "adverse_event.fields": LABELS,
    "adverse_event.effective": EFFECTIVE_LABELS,
    "adverse_event.how": HOW_LABELS,
    "adverse_event.kind": {**KIND_LABELS, **ACTION_KINDS_SHORT},
    "adverse_event.measures": MEASURE_LABELS,
    "adverse_event.method": METHOD_LABELS,
    "adverse_event.mode": MODE_LABELS,
    "adverse_event.nature": NATURE_LABELS,
    "adverse_event.place": PLACE_LABELS,
    "adverse_event.route": ROUTE_LABELS,
    "adverse_event.state": {**ACTION_STATE_LABELS, **EVENT_STATES},
    "adverse_event.status": STATUS_LABELS,
    "adverse_event.whom": WHOM,
    "complaint.channel": CHANNEL_LABELS,
    "complaint.direction": DIRECTION_LABELS,
    "complaint.outcome": COMPLAINT_OUTCOMES,
    "complaint.state": COMPLAINT_STATES,
    "note.priority": PRIORITY_LABELS,
    "note.repeats": REPEAT_LABELS,
    "note.situation": SITUATION_LABELS,
}
