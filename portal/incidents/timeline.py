"""What was reported on a visit, and where it stands: lines of the timeline on the staff's page of the visit."""

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.extensions import Fact
from portal.incidents.columns import Reported
from portal.incidents.models import State, Urgency
from portal.incidents.panels import incidents_on
from portal.incidents.words import STATE_LABELS, STATE_TONES
from portal.settings.queries import option
from portal.visits.models import Visit


def timeline_facts(user: User, visit: Visit) -> list[Fact]:
    """Each report, and the state that its incident is in by now."""
    incidents = incidents_on(user, visit) if option("incidents.enabled") else ()
    return [_reported(one) for one in incidents] + [_state(one) for one in incidents if one.state != State.OPEN]


def _reported(incident: Reported) -> Fact:
    text = _("%(name)s reported an incident: %(reason)s", name=incident.declared_by, reason=incident.label)
    note = _("reported by %(name)s", name=incident.reported_by) if incident.reported_by else None
    tone = "danger" if incident.urgency == Urgency.URGENT else "attention"
    return Fact(incident.declared_at, text, "triangle-alert", tone, note, incident.url)


def _state(incident: Reported) -> Fact:
    words = {"reason": incident.label, "state": str(STATE_LABELS[incident.state])}
    by = incident.closed_by if incident.state == State.CLOSED else None
    text = _("Incident “%(reason)s”: %(state)s", **words)
    return Fact(incident.state_at, text, "flag", STATE_TONES[incident.state], by, incident.url)
