"""What is said of adverse events, in words. Definitions and scales are those of `domain.md` §1.3–1.5, in our words."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.adverse_events.models import Mode, State

MODULE = "adverse_events.enabled"
OTHER_CATEGORY = "D99"  # needs words of its own

MODE_LABELS = {
    Mode.NAMED: lazy_pgettext("report", "With a name"),
    Mode.CONFIDENTIAL: lazy_pgettext("report", "In confidence"),
    Mode.ANONYMOUS: lazy_pgettext("report", "Anonymously"),
}
MODE_HINTS = {
    Mode.NAMED: _l("Those who follow the event up see who reported it, and can ask."),
    Mode.CONFIDENTIAL: _l("Only the quality lead can read who reported it, and each reading is written down."),
    Mode.ANONYMOUS: _l("Nobody is written down. A code, shown once, opens the answer."),
}
STATE_LABELS = {
    State.REPORTED: lazy_pgettext("event", "Reported"),
    State.ACKNOWLEDGED: lazy_pgettext("event", "Receipt acknowledged"),
    State.TRIAGE: lazy_pgettext("event", "Under triage"),
    State.PROGRESS: lazy_pgettext("event", "In progress"),
    State.ANALYSIS: lazy_pgettext("event", "Under analysis"),
    State.ACTIONS: lazy_pgettext("event", "Actions under way"),
    State.EFFECT: lazy_pgettext("event", "Effect being checked"),
    State.CLOSED: lazy_pgettext("event", "Closed"),
    State.REJECTED: lazy_pgettext("event", "Not admissible"),
    State.REQUALIFIED: lazy_pgettext("event", "Requalified"),
    State.REOPENED: lazy_pgettext("event", "Reopened"),
}
STATE_TONES = {
    State.REPORTED: "attention", State.REOPENED: "attention", State.ACKNOWLEDGED: "info", State.TRIAGE: "info",
    State.PROGRESS: "info", State.ANALYSIS: "info", State.ACTIONS: "info", State.EFFECT: "info",
    State.CLOSED: "done", State.REJECTED: "neutral", State.REQUALIFIED: "neutral",
}  # fmt: skip
CAPACITY_LABELS = {
    "worker": lazy_pgettext("capacity", "Worker"),
    "client": lazy_pgettext("capacity", "Client"),
    "relative": lazy_pgettext("capacity", "Relative or carer"),
    "representative": lazy_pgettext("capacity", "Legal representative"),
    "supervisor": lazy_pgettext("capacity", "Supervisor or office"),
    "partner": lazy_pgettext("capacity", "Partner (nurse, doctor, another service)"),
    "other": lazy_pgettext("capacity", "Somebody else"),
}
PLACE_LABELS = {
    "home": lazy_pgettext("place", "The client’s home"),
    "outside": lazy_pgettext("place", "Outside"),
    "journey": lazy_pgettext("place", "On the way"),
    "vehicle": lazy_pgettext("place", "In a vehicle"),
    "agency": lazy_pgettext("place", "At the agency"),
    "other": lazy_pgettext("place", "Elsewhere"),
}
NATURE_LABELS = {
    "accident": lazy_pgettext("nature", "Accident"),
    "incident": lazy_pgettext("nature", "Incident or malfunction"),
    "near_miss": lazy_pgettext("nature", "Near miss"),
    "hazard": lazy_pgettext("nature", "Hazard"),
}
NATURE_HINTS = {
    "accident": _l("Somebody came to harm."),
    "incident": _l("Something went wrong, with little harm or none."),
    "near_miss": _l("It was stopped before it reached anybody."),
    "hazard": _l("Nothing has happened yet, but it may."),
}
ROLE_LABELS = {
    "client": lazy_pgettext("role", "Client"),
    "worker": lazy_pgettext("role", "Worker"),
    "relative": lazy_pgettext("role", "Relative"),
    "third_party": lazy_pgettext("role", "Third party"),
}
CONSEQUENCE_LABELS = {
    "none": lazy_pgettext("consequence", "None"),
    "minor_injury": lazy_pgettext("consequence", "Minor injury"),
    "serious_injury": lazy_pgettext("consequence", "Serious injury"),
    "hospital": lazy_pgettext("consequence", "Hospital"),
    "death": lazy_pgettext("consequence", "Death"),
    "psychological": lazy_pgettext("consequence", "Psychological"),
    "material": lazy_pgettext("consequence", "Material damage"),
    "financial": lazy_pgettext("consequence", "Financial loss"),
    "interruption": lazy_pgettext("consequence", "Service interrupted"),
    "work_stoppage": lazy_pgettext("consequence", "Sick leave of a worker"),
}
MEASURE_LABELS = {
    "rescue": lazy_pgettext("measure", "Rescue called (15, 18, 112, 17)"),
    "made_safe": lazy_pgettext("measure", "People made safe"),
    "first_aid": lazy_pgettext("measure", "First aid given"),
    "doctor": lazy_pgettext("measure", "Doctor or nurse called"),
    "replacement": lazy_pgettext("measure", "Replacement sent"),
    "family": lazy_pgettext("measure", "Family called"),
    "equipment": lazy_pgettext("measure", "Equipment taken away"),
    "suspended": lazy_pgettext("measure", "Visit suspended"),
}
INFORMED_LABELS = {
    "client": lazy_pgettext("informed", "The client"),
    "trusted_person": lazy_pgettext("informed", "The trusted person"),
    "family": lazy_pgettext("informed", "The family"),
    "representative": lazy_pgettext("informed", "The legal representative"),
    "doctor": lazy_pgettext("informed", "The client’s doctor"),
    "sector_manager": lazy_pgettext("informed", "The sector manager"),
    "on_call": lazy_pgettext("informed", "Who is on call"),
    "management": lazy_pgettext("informed", "The management"),
    "department": lazy_pgettext("informed", "The departmental council (CD)"),
    "health_agency": lazy_pgettext("informed", "The regional health agency (ARS)"),
    "prefect": lazy_pgettext("informed", "The prefect"),
    "police": lazy_pgettext("informed", "The police or gendarmerie"),
    "prosecutor": lazy_pgettext("informed", "The public prosecutor"),
    "insurer": lazy_pgettext("informed", "The insurer"),
    "health_insurance": lazy_pgettext("informed", "The health insurance (CPAM)"),
    "works_council": lazy_pgettext("informed", "The works council (CSE)"),
}
AGREED_LABELS = {
    "yes": lazy_pgettext("agreed", "The client agreed"),
    "no": lazy_pgettext("agreed", "The client did not agree"),
    "not_applicable": lazy_pgettext("agreed", "Does not apply"),
}
KIND_LABELS = {
    "event": lazy_pgettext("kind", "Adverse event"),
    "serious": lazy_pgettext("kind", "Serious adverse event (EIG)"),
    "care_related": lazy_pgettext("kind", "Serious care-related event (EIGS)"),
    "complaint": lazy_pgettext("kind", "Complaint"),
    "work_accident": lazy_pgettext("kind", "Work accident"),
    "out_of_scope": lazy_pgettext("kind", "Out of scope"),
}
CONTINUITY_LABELS = {
    "yes": lazy_pgettext("continuity", "Yes"),
    "partly": lazy_pgettext("continuity", "Partly"),
    "no": lazy_pgettext("continuity", "No"),
}


@dataclass(frozen=True)
class Level:
    """One step of a scale.

    Attributes:
        number: 1 to 5.
        label: the word for it.
        meaning: for the person who is supported; of a frequency, what was observed.
        also: what of workers, property and the service counts as this level; of a frequency, what is likely.
    """

    number: int
    label: object
    meaning: object
    also: object


SEVERITIES = {
    level.number: level
    for level in (
        Level(1, lazy_pgettext("severity", "Minor"), _l("A nuisance, caught in time: no consequence."),
              _l("A delay, small breakage; nobody is hurt.")),
        Level(2, lazy_pgettext("severity", "Significant"),
              _l("Affects the person without danger and without an interruption of the support."),
              _l("First aid on the spot, a task not done, harsh words.")),
        Level(3, lazy_pgettext("severity", "Major"),
              _l("Needs particular care or closer watch; the support goes on (stitches after a fall)."),
              _l("Sick leave of less than 3 days, a dependent person not visited, repeated insults or threats.")),
        Level(4, lazy_pgettext("severity", "Critical"),
              _l("Goes before the support that was planned; the harm can be reversed (unplanned hospital stay)."),
              _l("Sick leave of 3 days or more, an assault, an unsafe home, several clients without service.")),
        Level(5, lazy_pgettext("severity", "Catastrophic"), _l("Harm that cannot be reversed, or death."),
              _l("Death, lasting disability, criminal facts.")),
    )
}  # fmt: skip
FREQUENCIES = {
    level.number: level
    for level in (
        Level(1, lazy_pgettext("frequency", "Rare"), _l("Less than once in five years, or never seen"),
              lazy_pgettext("likelihood", "rare")),
        Level(2, lazy_pgettext("frequency", "Unlikely"), _l("About once a year"),
              lazy_pgettext("likelihood", "unlikely")),
        Level(3, lazy_pgettext("frequency", "Possible"), _l("Several times a year"),
              lazy_pgettext("likelihood", "possible")),
        Level(4, lazy_pgettext("frequency", "Likely"), _l("About once a month"),
              lazy_pgettext("likelihood", "likely")),
        Level(5, lazy_pgettext("frequency", "Almost certain"), _l("Every week or more often"),
              lazy_pgettext("likelihood", "almost certain")),
    )
}  # fmt: skip


def severity_words(number: int) -> str:
    """`G4 · Critical`."""
    return f"G{number} · {SEVERITIES[number].label}"


def no_worker(short: bool) -> str:
    """What is said of the worker where none is named: of a short report nobody has been asked yet."""
    return _("Not said") if short else _("No worker concerned")


def both_severities(actual: int, potential: int) -> str:
    """The actual severity; the potential one behind it where it is worse."""
    if potential <= actual:
        return severity_words(actual)
    return _("%(severity)s (could have been %(potential)s)", severity=severity_words(actual),
             potential=f"G{potential}")  # fmt: skip


def frequency_words(number: int) -> str:
    """`F2 · Unlikely`."""
    return f"F{number} · {FREQUENCIES[number].label}"


def state_badge(state: str) -> tuple[object, str]:
    """The words and the tone of a state."""
    return STATE_LABELS[State(state)], STATE_TONES[State(state)]
