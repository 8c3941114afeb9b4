"""What is known of an event, as whoever follows it up may read it."""

from portal.accounts.models import User
from portal.adverse_events import words
from portal.adverse_events.following import NEXT
from portal.adverse_events.models import ENDED, AdverseEvent, Mode, Reporter, State
from portal.adverse_events.queries import may_open
from portal.extensions import Panel, db
from portal.i18n import language
from portal.roles import GRANTS, Permission
from portal.settings.queries import option


def shows_source(user: User, event: AdverseEvent) -> bool:
    """Whether this person reads what could tell who reported an event (capacity, visit, service): of a report that is
    not named, the quality lead alone does."""
    return event.mode == Mode.NAMED or Permission.SEE_REPORTERS in GRANTS[user.role]


def facts_panel(user: User, event: AdverseEvent) -> Panel:
    """What was reported, who is concerned, what was done at once."""
    may_change = Permission.HANDLE_EVENTS in GRANTS[user.role] and event.state not in ENDED
    supervisor = event.supervisor
    return Panel("adverse_events/_facts_panel.html", {
        "event": event,
        "words": words,
        "source": shows_source(user, event),
        "incidents": option("incidents.enabled"),
        "reporter": _reporter(event),
        "categories": [one.label(language()) for one in event.categories],
        "consequences": [words.CONSEQUENCE_LABELS[one] for one in event.consequences],
        "measures": [words.MEASURE_LABELS[one] for one in event.measures],
        "may_change": may_change,
        "asks_supervisor": may_change and supervisor is not None and not may_open(supervisor, event),
        "may_acknowledge": Permission.HANDLE_EVENTS in GRANTS[user.role]
        and State.ACKNOWLEDGED in NEXT[State(event.state)],
    })  # fmt: skip


def _reporter(event: AdverseEvent) -> Reporter | None:
    """Who reported it with their name. Whoever did so in confidence is read elsewhere, and each reading is kept."""
    return db.session.get(Reporter, event.id) if event.mode == Mode.NAMED else None
