"""What staff write down of the authorities: whether they have to be told, and when and how they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, select
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.following import refuse_late
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import LONGEST_LINE, LONGEST_TEXT, AdverseEvent
from portal.adverse_events.proposals import add_route, record_route
from portal.adverse_events.route_mails import promise_clock
from portal.adverse_events.routes_of_law import DONE, ORAL, due_of
from portal.errors import Refused
from portal.extensions import db
from portal.files.actions import keep
from portal.files.models import Attachment

TOLD = (RouteStatus.TOLD, *DONE)


@dataclass(frozen=True)
class Telling:
    """How far a line is.

    Attributes:
        status: a value of `RouteStatus`.
        told_at: by word of mouth.
        written_at: in writing.
        why: it is not required, or was late.
        receipt: what the authority answered, one file at most.
    """

    status: str
    told_at: datetime | None = None
    written_at: datetime | None = None
    channel: str = ""
    recipient: str = ""
    reference: str = ""
    why: str = ""
    receipt: Sequence[FileStorage | Attachment] = ()


def change_route(actor: User, one: AuthorityRoute, telling: Telling, version: int) -> None:
    """Write how far an authority is told. Told by word of mouth begins the clock for the writing, a first part told
    begins that of the second.

    Args:
        version: of the line, as the form showed it.

    Raises:
        Refused: it has another version by now, a moment is missing or cannot be, or nobody says why; its code is the
            field.
    """
    refuse_late(one, version)
    _refuse(one, telling)
    before, was = one.status, _said(one)
    kept = keep_former(actor, one.event_id, "authority", was, _said(telling)) if any(was.values()) else {}
    one.status, one.told_at, one.written_at = telling.status, telling.told_at, telling.written_at
    one.channel, one.recipient, one.reference = telling.channel, telling.recipient, telling.reference
    one.why = telling.why
    if telling.receipt:
        one.receipt = keep(actor, telling.receipt)[0]
    one.due_at = None if _waits(one) else due_of(one.route, one.status, one.since, one.told_at)
    db.session.flush()
    record_route(actor, one, before, kept)
    promise_clock(one)
    if one.route == Route.EIGS_1:
        _begin_part_two(one)


def _said(one: AuthorityRoute | Telling) -> dict[str, object]:
    return {"told_on": one.told_at, "written_on": one.written_at, "channel": one.channel, "recipient": one.recipient,
            "reference": one.reference, "why": one.why}  # fmt: skip


def _waits(one: AuthorityRoute) -> bool:
    """Whether this is a second part whose first one is not told yet."""
    return one.route == Route.EIGS_2 and first_told(one.event_id) is None


def first_told(event_id: int) -> datetime | None:
    """When the first part of a care-related event was told."""
    first = db.session.scalar(_line(event_id, Route.EIGS_1))
    if first is None or first.status not in TOLD:
        return None
    return first.told_at or first.written_at


def _begin_part_two(one: AuthorityRoute) -> None:
    second, since = db.session.scalar(_line(one.event_id, Route.EIGS_2)), first_told(one.event_id)
    if second is None:
        return
    second.since = since or second.since
    second.due_at = due_of(second.route, second.status, second.since, second.told_at) if since else None
    db.session.flush()
    promise_clock(second)


def _line(event_id: int, route: Route) -> Select[AuthorityRoute]:
    return select(AuthorityRoute).where(AuthorityRoute.event_id == event_id, AuthorityRoute.route == route)


def add_line(actor: User, event: AdverseEvent, route: str) -> AuthorityRoute:
    """Add a line that was not proposed.

    Raises:
        Refused: there is no such way, or the event has its line already.
    """
    if route not in tuple(Route):
        raise Refused(_l("Please choose one of the values offered."), "route")
    if db.session.scalar(_line(event.id, Route(route))) is not None:
        raise Refused(_l("This authority has its line already."), "route")
    made = add_route(actor, event, Route(route), RouteStatus.TO_ASSESS)
    if made.route == Route.EIGS_2 and (since := first_told(event.id)):
        made.since, made.due_at = since, due_of(made.route, made.status, since, None)
        db.session.flush()
        promise_clock(made)
    return made


# ---- what cannot be ----


def _refuse(one: AuthorityRoute, telling: Telling) -> None:
    if telling.status not in tuple(RouteStatus):
        raise Refused(_l("Please choose one of the values offered."), "state")
    for name, most in (("channel", LONGEST_LINE), ("recipient", LONGEST_LINE), ("reference", LONGEST_LINE),
                       ("why", LONGEST_TEXT)):  # fmt: skip
        if len(getattr(telling, name)) > most:
            raise Refused(_l("This text is too long."), name)
    if len(telling.receipt) > 1:
        raise Refused(_l("Please attach one file: the receipt."), "receipt")
    if telling.status == RouteStatus.TOLD and one.route not in ORAL:
        raise Refused(_l("Word of mouth does not count here: it has to be in writing."), "state")
    if telling.status == RouteStatus.TOLD and telling.told_at is None:
        raise Refused(_l("Please say when it was told by word of mouth."), "told_on")
    if telling.status in DONE and telling.written_at is None:
        raise Refused(_l("Please say when it was confirmed in writing."), "written_on")
    if telling.status == RouteStatus.NOT_REQUIRED and not telling.why:
        raise Refused(_l("Please say why it is not required."), "why")
    _refuse_moments(one.event, telling)
    if _is_late(one, telling) and not telling.why:
        raise Refused(_l("This was later than it should have been. Please say why."), "why")


def _refuse_moments(event: AdverseEvent, telling: Telling) -> None:
    begun = event.occurred_at or event.discovered_at
    for field, moment in (("told_on", telling.told_at), ("written_on", telling.written_at)):
        if moment and moment > clock.now():
            raise Refused(_l("This moment is still to come."), field)
        if moment and moment < begun:
            raise Refused(_l("Nobody can have been told before it happened."), field)
    if telling.told_at and telling.written_at and telling.written_at < telling.told_at:
        raise Refused(_l("The writing follows the word of mouth: please look at both moments."), "written_on")


def _is_late(one: AuthorityRoute, telling: Telling) -> bool:
    """Whether the first word, or the writing after it, came after its clock had run out."""
    first = telling.told_at or telling.written_at
    if telling.status not in TOLD or first is None or _waits(one):
        return False
    due = due_of(one.route, RouteStatus.TO_DO, one.since, None)
    if due is not None and first > due:
        return True
    confirmed = due_of(one.route, RouteStatus.TOLD, one.since, telling.told_at) if telling.told_at else None
    return bool(confirmed and telling.written_at and telling.written_at > confirmed)
