"""What is said of analyses and actions, in words. Families and prompts are those of `domain.md` §1.7."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.adverse_events.follow_models import ActionState

CHARTER = _l(
    "We look for what led to it, and for what can be changed. This is no search for a culprit: nobody is judged here, "
    "and everybody who was there is heard."
)
METHOD_LABELS = {
    "five_whys": lazy_pgettext("method", "Five whys"),
    "alarm": lazy_pgettext("method", "ALARM: seven families of factors"),
    "cause_tree": lazy_pgettext("method", "Cause tree"),
    "orion": lazy_pgettext("method", "ORION: six steps"),
    "feedback": lazy_pgettext("method", "Experience feedback (REX)"),
}
FAMILY_LABELS = {
    "A1": lazy_pgettext("family", "The person who is supported"),
    "A2": lazy_pgettext("family", "The tasks"),
    "A3": lazy_pgettext("family", "The worker"),
    "A4": lazy_pgettext("family", "The team and what it hands over"),
    "A5": lazy_pgettext("family", "The place of work"),
    "A6": lazy_pgettext("family", "Organisation and management"),
    "A7": lazy_pgettext("family", "The institutional context"),
}
FAMILY_PROMPTS = {
    "A1": _l("How was the person that day? A refusal, the language, relatives, habits?"),
    "A2": _l("Was the task on the sheet? Were the instructions clear, up to date and known?"),
    "A3": _l("Training, experience, tiredness; a first visit at this home?"),
    "A4": _l("Was it handed over? The liaison notebook, the briefing of a replacement, partners?"),
    "A5": _l("The home, the equipment and aids, the light, animals, the time on the road?"),
    "A6": _l("The planning, who was on call, staffing; was it clear who does what?"),
    "A7": _l("What is funded, partner services, a public holiday, an epidemic?"),
}
ACTION_KIND_LABELS = {
    "curative": lazy_pgettext("action", "Curative: repairs what happened"),
    "corrective": lazy_pgettext("action", "Corrective: removes the cause"),
    "preventive": lazy_pgettext("action", "Preventive: keeps it from happening elsewhere"),
    "improvement": lazy_pgettext("action", "Improvement"),
}
ACTION_KINDS_SHORT = {
    "curative": lazy_pgettext("kind of action", "Curative"),
    "corrective": lazy_pgettext("kind of action", "Corrective"),
    "preventive": lazy_pgettext("kind of action", "Preventive"),
    "improvement": lazy_pgettext("kind of action", "Improvement"),
}
ACTION_STATE_LABELS = {
    ActionState.TODO: lazy_pgettext("action", "To do"),
    ActionState.PROGRESS: lazy_pgettext("action", "In progress"),
    ActionState.DONE: lazy_pgettext("action", "Done"),
    ActionState.VERIFIED: lazy_pgettext("action", "Effect checked"),
    ActionState.DROPPED: lazy_pgettext("action", "Dropped"),
}
ACTION_STATE_TONES = {
    ActionState.TODO: "attention", ActionState.PROGRESS: "info", ActionState.DONE: "done",
    ActionState.VERIFIED: "done", ActionState.DROPPED: "neutral",
}  # fmt: skip
EFFECTIVE_LABELS = {
    "yes": lazy_pgettext("effective", "Yes, it helped"),
    "partly": lazy_pgettext("effective", "In part"),
    "no": lazy_pgettext("effective", "No, it did not help"),
}
