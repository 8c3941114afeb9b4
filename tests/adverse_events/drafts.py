"""A report of Sofia's about Claire that is not sent yet, as pages and the table of access need it."""

from io import BytesIO

from werkzeug.datastructures import FileStorage

from portal.adverse_events.draft_files import attach
from portal.adverse_events.drafts import STEPS, begin_draft, keep_step
from portal.adverse_events.models import EventDraft
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests import factories
from tests.factories import Agency

TOKEN = "sofia-writes-of-claire"


def begun(agency: Agency) -> EventDraft:
    """Sofia has begun, and typed no more than what happened."""
    draft = begin_draft(agency.sofia.user, client_id=agency.claire.id)
    draft.token = TOKEN
    keep_step(draft, "facts", {"facts": ["le secret de Claire"]}, 0, "")
    return draft


def with_file(agency: Agency) -> EventDraft:
    draft = begun(agency)
    attach(agency.sofia.user, draft, [FileStorage(BytesIO(factories.picture()), "cuisine.png")])
    return draft


def complete(agency: Agency, mode: str = "named") -> EventDraft:
    """Everything is answered, as a fall that could have been worse."""
    draft = with_file(agency)
    fall = str(entry_of_code(ListName.EVENT, "D01").id)
    typed = {
        "who": {"capacity": ["supervisor"], "mode": [mode]},
        "when": {"occurred": ["moment"], "occurred_day": ["2026-11-17"], "occurred_time": ["09:30"],
                 "discovered_day": ["2026-11-17"], "discovered_time": ["10:00"], "place": ["home"],
                 "place_note": ["cuisine"]},
        "people": {"client_id": [str(agency.claire.id)], "worker_id": [str(agency.wassim.id)],
                   "supervisor_id": [str(agency.sofia.id)], "shown_for": [str(agency.claire.id)],
                   "others-0-role": ["relative"], "others-0-name": ["Paul"]},
        "kind": {"nature": ["accident"], "categories": [fall]},
        "effects": {"consequences": ["minor_injury"], "severity": ["2"], "potential": ["4"]},
        "measures": {"measures": ["first_aid"], "informed-0-who": ["family"], "informed-0-day": ["2026-11-17"],
                     "informed-0-hour": ["11:00"], "informed-0-agreed": ["yes"]},
    }  # fmt: skip
    for step, values in typed.items():
        keep_step(draft, step, values, 0, "")
    draft.step = STEPS[-1]
    db.session.flush()
    return draft
