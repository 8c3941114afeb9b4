"""What is said of notes, in words."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal import clock
from portal.notes.models import Origin, Priority, Repeat, Situation

SITUATION_LABELS = {
    Situation.TODO: lazy_pgettext("note", "To do"),
    Situation.PROGRESS: lazy_pgettext("note", "In progress"),
    Situation.DONE: lazy_pgettext("note", "Finished"),
    Situation.CANCELLED: lazy_pgettext("note", "Cancelled"),
}
SITUATION_TONES = {
    Situation.TODO: "attention", Situation.PROGRESS: "info", Situation.DONE: "done", Situation.CANCELLED: "neutral",
}  # fmt: skip
PRIORITY_LABELS = {
    Priority.URGENT: lazy_pgettext("priority", "Urgent"),
    Priority.HIGH: lazy_pgettext("priority", "High"),
    Priority.NORMAL: lazy_pgettext("priority", "Normal"),
    Priority.LOW: lazy_pgettext("priority", "Low"),
}
PRIORITY_TONES = {Priority.URGENT: "danger", Priority.HIGH: "attention", Priority.LOW: "neutral"}
REPEAT_LABELS = {
    Repeat.NEVER: lazy_pgettext("reminder", "Does not come back"),
    Repeat.WEEKLY: lazy_pgettext("reminder", "Every week"),
    Repeat.MONTHLY: lazy_pgettext("reminder", "Every month"),
    Repeat.QUARTERLY: lazy_pgettext("reminder", "Every three months"),
    Repeat.YEARLY: lazy_pgettext("reminder", "Every year"),
}
ORIGIN_SENTENCES = {
    Origin.EVENT: _l("This note follows an adverse event. Once the note is finished, the event counts as dealt with, "
                     "and the other way round; taken up again, it does not any more."),
    Origin.COMPLAINT: _l("This note follows a complaint. Once the note is finished, the complaint counts as dealt "
                         "with, and the other way round; taken up again, it does not any more."),
}  # fmt: skip
ENDED = (Situation.DONE, Situation.CANCELLED)


def badges(situation: str, priority: str, remind_at: datetime | None, *, alert: bool) -> list[tuple[object, str]]:
    """What marks a note, each with its tone: where it stands, and as long as it waits that it is late, an alert, or not
    of the usual priority."""
    found: list[tuple[object, str]] = [(SITUATION_LABELS[Situation(situation)], SITUATION_TONES[Situation(situation)])]
    if situation in ENDED:
        return found
    if alert:
        found.insert(0, (_l("Alert"), "danger"))
    if is_due(remind_at):
        found.append((lazy_pgettext("reminder", "Due"), "danger"))
    if priority != Priority.NORMAL:
        found.append((PRIORITY_LABELS[Priority(priority)], PRIORITY_TONES[Priority(priority)]))
    return found


def is_due(remind_at: datetime | None) -> bool:
    return remind_at is not None and remind_at <= clock.now()
