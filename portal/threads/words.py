"""What threads are about, in words."""

from flask_babel import lazy_gettext as _l

INCIDENT = "incident"
TOPICS = {  # what clients and workers choose from when they open one
    "planning": _l("Planning and hours"),
    "visit": _l("A visit"),
    "worker": _l("A worker"),
    "client": _l("A client"),
    "invoice": _l("Invoice or contract"),
    "documents": _l("Documents"),
    "other": _l("Something else"),
}
