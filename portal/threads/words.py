"""What threads are about, in words."""

from flask_babel import lazy_gettext as _l

INCIDENT = "incident"
ARRIVED = _l("Your message had arrived as you first sent it. Send this one too if it says more.")
BARRED = {  # why somebody does not write to others, by who they are
    "client": _l("You cannot write to your workers here: your agency passes on to them what they must know."),
    "worker": _l("You cannot write to clients here: your agency passes on to them what they must know."),
}
TOPICS = {  # what clients and workers choose from when they open one
    "planning": _l("Planning and hours"),
    "visit": _l("A visit"),
    "worker": _l("A worker"),
    "client": _l("A client"),
    "invoice": _l("Invoice or contract"),
    "documents": _l("Documents"),
    "other": _l("Something else"),
}

# what happened to what a thread is about, as a line between its messages
EVENTS = {
    "discussion": _l("The agency is discussing this incident."),
    "waiting": _l("The agency has put this incident on hold."),
    "resolved": _l("The agency has marked this incident as resolved."),
    "closed": _l("The agency has closed this incident."),
    "reopened": _l("The agency has reopened this incident."),
}
