"""The note that follows an adverse event: who reads it and who may finish it."""

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, false

from portal.accounts.models import User
from portal.adverse_events.following import is_over
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.queries import event_of, visible_events
from portal.adverse_events.words import MODULE
from portal.extensions import NoteOrigin
from portal.roles import GRANTS, Permission
from portal.settings.queries import option


def _visible(user: User) -> Select[int]:
    """While the module is off there is no page of an event, and so nobody reads its note."""
    seen = visible_events(user).with_only_columns(AdverseEvent.id)
    return seen if option(MODULE) else seen.where(false())


def _address(event_id: int) -> str:
    return url_for("staff.show_event", event_id=event_id)


def _may_end(user: User, event_id: int) -> bool:
    """Who follows the event up. The note of an ended event is opened again with the event, not by itself."""
    event = event_of(user, event_id)
    return event is not None and not is_over(event) and Permission.HANDLE_EVENTS in GRANTS[user.role]


ORIGIN = NoteOrigin(_visible, _address, _l("Adverse event"), _may_end)
