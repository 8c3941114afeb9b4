"""The pages of the configuration, and what can be chosen where an option is one of a few words."""

from flask_babel import lazy_gettext as _l

# the pages of Administration › Paramètres › Configuration, in order
GROUPS = {
    "modules": _l("Modules"),
    "requests": _l("Rating requests"),
    "ratings": _l("Ratings"),
    "incidents": _l("Incidents"),
    "complaints": _l("Complaints"),
    "events": _l("Adverse events"),
    "threads": _l("Conversations"),
    "agency": _l("Agency"),
    "sender": _l("Sender"),
    "privacy": _l("Privacy notice"),
}
ASK_MODES = {
    "every": _l("After every visit, as far as the pause between two requests allows"),
    "first": _l("After the first visit of a worker at this client only"),
    "digest": _l("Once a week, about all visits of the week in one mail"),
}
WEEKDAYS = {
    "mon": _l("Monday"), "tue": _l("Tuesday"), "wed": _l("Wednesday"), "thu": _l("Thursday"), "fri": _l("Friday"),
    "sat": _l("Saturday"), "sun": _l("Sunday"),
}  # fmt: skip
