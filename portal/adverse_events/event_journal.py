"""The journal of an event: who did what to it and to the note that follows it, and when, from what to what.

Of a report in confidence or without a name the journal's entry holds nobody, so nothing here tells who it was.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, pgettext
from sqlalchemy import ScalarSelect, and_, case, func, or_, select

from portal.accounts.models import User
from portal.adverse_events.criticality import ZONE_LABELS, Zone
from portal.adverse_events.feedback import HOW_LABELS
from portal.adverse_events.follow_words import ACTION_STATE_LABELS, EFFECTIVE_LABELS
from portal.adverse_events.former_words import LABELS, reads_former
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.words import KIND_LABELS, STATE_LABELS, frequency_words, severity_words
from portal.audit.models import KINDS, AuditEntry
from portal.extensions import Fact, Panel, db
from portal.i18n import full_day
from portal.people.models import Anybody, Client, Relative, Staff, Worker

SHOWN = 200  # entries, the newest
ICONS = {
    "event.reported": ("triangle-alert", "attention"), "event.acknowledged": ("eye", "info"),
    "event.judged": ("list-checks", "info"), "event.judgement_taken_back": ("undo-2", "attention"),
    "event.moved": ("flag", "info"), "event.route_changed": ("send", "info"),
    "event.analysed": ("search", "info"), "event.action_added": ("plus", "info"),
    "event.action_changed": ("pencil", "info"),
    "event.told": ("message-circle", "done"), "event.opened": ("eye", "info"),
    "event.commented": ("message-circle", "info"), "event.closed": ("lock", "done"),
    "event.reopened": ("undo-2", "attention"), "note.ended": ("check", "done"),
    "note.reopened": ("undo-2", "attention"),
}  # fmt: skip
_WHOM = {
    "reporter": lazy_pgettext("told whom", "who reported it"),
    "client": lazy_pgettext("told whom", "the client and the relatives"),
    "council": lazy_pgettext("told whom", "the councils"),
}


_STATES = {str(state): label for labels in (ACTION_STATE_LABELS, STATE_LABELS) for state, label in labels.items()}


def _state(value: str) -> object:
    """The state of an event or of an action: both have one that is "in progress", and no other in common."""
    return _STATES.get(value, value)


def _day(value: str) -> str:
    return full_day(date.fromisoformat(value))


# what of an entry is said, and how its values read; the rest is on the page
WORDS: Mapping[str, tuple[object, Callable[[Any], object]]] = {
    "state": (_l("State"), _state),
    "kind": (_l("What it is"), lambda kind: KIND_LABELS.get(kind, "")),
    "zone": (_l("Criticality"), lambda zone: ZONE_LABELS[Zone(zone)]),
    "severity": (_l("Actual severity"), severity_words),
    "potential": (_l("Potential severity"), severity_words),
    "frequency": (_l("Frequency"), frequency_words),
    "residual": (_l("Severity that is left"), severity_words),
    "effective": (_l("Did it help?"), lambda how: EFFECTIVE_LABELS[how]),
    "due_on": (_l("Due date"), _day),
    "done_on": (_l("Done on"), _day),
    "whom": (_l("Told"), lambda whom: _WHOM[whom]),
    "how": (_l("How"), lambda how: HOW_LABELS.get(how, "")),
    "opened": (_l("Open to the worker"), lambda is_open: _("Yes") if is_open else _("No")),
    "fields": (_l("Changed"), lambda names: ", ".join(str(LABELS[name]) for name in names if name in LABELS)),
    "finished": (_l("It is complete"), lambda is_whole: _("Yes") if is_whole else _("No")),
}


def journal_panel(user: User, event: AdverseEvent) -> Panel:
    """The last panel of the page of an event: the newest first. Who may read it is led to what it said before."""
    more = pgettext("event", "What it said before") if reads_former(user, event) else None
    facts = [_fact(event, deed, name, more) for deed, name in deeds_of(event)]
    return Panel("adverse_events/_journal_panel.html", {"facts": facts})


def _fact(event: AdverseEvent, deed: AuditEntry, name: str | None, more: str | None) -> Fact:
    number = (deed.after or {}).get("former") if more else None
    url = url_for("staff.list_former_wordings", event_id=event.id, _anchor=f"former-{number}") if number else None
    return Fact(
        deed.at, str(KINDS[deed.kind]), *ICONS.get(deed.kind, ("history", "neutral")),
        note=" · ".join(filter(None, (name, *_details(deed)))) or None, url=url, more=more if url else None,
    )  # fmt: skip


def deeds_of(event: AdverseEvent) -> list[tuple[AuditEntry, str | None]]:
    """What was done to an event and to its note, the newest first, each with the name of who did it; read once for all
    parts of its page."""
    known = g.setdefault("event_deeds", {})
    if event.id not in known:
        known[event.id] = _read(event)
    return known[event.id]


def _read(event: AdverseEvent) -> list[tuple[AuditEntry, str | None]]:
    of_event = and_(AuditEntry.subject_type == "adverse_event", AuditEntry.subject_id == event.id)
    of_note = and_(AuditEntry.subject_type == "note", AuditEntry.subject_id == event.note_id)
    name = case({kind.__tablename__: _name(kind) for kind in (Staff, Worker, Client, Relative)},
                value=AuditEntry.person_type)  # fmt: skip
    chosen = select(AuditEntry, name).where(or_(of_event, of_note) if event.note_id else of_event)
    return [(deed, who) for deed, who in db.session.execute(chosen.order_by(AuditEntry.id.desc()).limit(SHOWN))]


def _name(kind: type[Anybody]) -> ScalarSelect[str]:
    whole = func.trim(kind.first_name + " " + kind.last_name)
    return select(whole).where(kind.id == AuditEntry.person_id).correlate(AuditEntry).scalar_subquery()


def _unsaid(deed: AuditEntry) -> tuple[str, ...]:
    """What is named alike and is something else: the kind of an action, the fields of a note."""
    return ("kind",) if deed.kind.startswith("event.action") else ("fields",) if deed.subject_type == "note" else ()


def _details(deed: AuditEntry) -> list[str]:
    """From what to what, in words."""
    before, after = deed.before or {}, deed.after or {}
    said, unsaid = [], _unsaid(deed)
    for name, (label, word) in WORDS.items():
        was, now = before.get(name), after.get(name)
        if now is None or was == now or name in unsaid:
            continue
        words = f"{word(was)} → {word(now)}" if was is not None else str(word(now))
        said.append(_("%(what)s: %(value)s", what=label, value=words))
    return said
