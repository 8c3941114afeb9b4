"""When an event was: what of it cannot have been, and which visits it can have to do with."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.errors import Refused
from portal.forms import day_within_reach
from portal.i18n import local, start_of_day, zone
from portal.visits.models import Visit

MIDNIGHT = timedelta(hours=1)  # before it, the visits of the day that begins are near as well


def moment_of(day: date | None, hour: Any, since: datetime | None = None) -> datetime | None:
    """The moment that the agency's clocks show. Of an hour that they show twice, when they are put back in autumn, it
    is the first, or the second if the first lies before `since`."""
    if not (day_within_reach(day) and hour):
        return None
    shown = datetime.combine(cast("date", day), hour, zone())
    first, second = (shown.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return second if since and first < since <= second else first


def said_of_hour(moment: datetime | None) -> str | None:
    """Which hour is meant, of one that the agency's clocks showed twice."""
    shown = local(moment) if moment else None
    if shown is None or shown.utcoffset() == shown.replace(fold=1 - shown.fold).utcoffset():
        return None
    if shown.fold:
        return _("The clocks were put back in this night and showed this hour twice: the second one is meant.")
    return _("The clocks were put back in this night and showed this hour twice: the first one is meant.")


def refuse_times(discovered_at: datetime, occurred_at: datetime | None, occurred_until: datetime | None) -> None:
    """Refuse what cannot have been so: discovered before it happened, or not yet.

    Raises:
        Refused: its code names the moment.
    """
    now = clock.now()
    if discovered_at > now:
        raise Refused(_l("This moment is still to come: please say when it was discovered."), "discovered_at")
    if occurred_at is None:
        if occurred_until is not None:
            raise Refused(_l("Please say when it began, or that nobody knows when it happened."), "occurred_at")
        return
    if occurred_at > now:
        raise Refused(_l("This moment is still to come: please say when it happened."), "occurred_at")
    if occurred_at > discovered_at:
        raise Refused(_l("It cannot have been discovered before it happened: please look at both moments."),
                      "discovered_at")  # fmt: skip
    if occurred_until is not None and occurred_until < occurred_at:
        raise Refused(_l("The end lies before the beginning."), "occurred_until")
    if occurred_until is not None and occurred_until > now:
        raise Refused(_l("This moment is still to come: please say until when it lasted, or until now."),
                      "occurred_until")  # fmt: skip


def linkable_until(moment: datetime) -> datetime:
    """Before which a visit begins that an event of this moment can be linked to: the end of its day, and within the
    last hour before midnight that of the next. What happens before a visit can be why the visit could not take place,
    or be found on arriving for it; a visit of a later day has nothing to do with it."""
    return start_of_day(local(moment + MIDNIGHT).date() + timedelta(days=1))


def refuse_later_visit(visit: Visit, moment: datetime) -> None:
    """Refuse that an event is linked to a visit of a later day, as `linkable_until` says.

    Args:
        moment: until when it happened; when it was discovered, where nobody knows.

    Raises:
        Refused: `visit_id`.
    """
    if visit.starts_at >= linkable_until(moment):
        raise Refused(_l("This visit is of a later day than the event: please look at the day, or choose another "
                         "visit."), "visit_id")  # fmt: skip
