"""The mails that tell quality leads and administrators of a clock of an authority (`domain.md` §11): when it begins and
before it runs out. All are promised when the clock begins, and taken back when the authority is told."""

from collections.abc import Callable
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal import clock
from portal.adverse_events.alerts import SUBJECT, management, reader
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.routes_of_law import ORAL
from portal.deadlines import hours_after
from portal.extensions import db
from portal.links import external_url
from portal.outbox.actions import Order, cancel, schedule
from portal.outbox.models import OPEN, Drop, Message, MessageKind, Recipient
from portal.settings.queries import option

KIND = "adverse_events.clock"
PART_TWO = (60, 75, 85)  # days after part one
NEW = 1  # the version of a line that has just been made


def promise_clock(one: AuthorityRoute, *, announced: bool = False) -> None:
    """Promise the mails about the clock of a line as it stands now, flushed; those of before are taken back. What
    should have left before a new line was there leaves at once, and once.

    Args:
        announced: whether a mail about another line of this event leaves now: that is enough.
    """
    cancel_clock(one)
    if one.due_at is None:
        return
    now = clock.now()
    wanted = {moment for moment in _moments(one) if moment > now}
    if one.version == NEW and not announced and len(wanted) < len(_moments(one)):
        wanted.add(now)
    people = management() if wanted else {}
    schedule([
        Order(KIND, (SUBJECT, one.event_id), f"{KIND}:{one.id}:{one.version}:{who}:{number}", moment)
        for number, moment in enumerate(sorted(wanted)) for who in people
    ])  # fmt: skip


def cancel_clock(one: AuthorityRoute) -> None:
    """Take the mails about a line back that have not left."""
    of_line = Message.kind == KIND, Message.dedupe_key.startswith(f"{KIND}:{one.id}:"), Message.state.in_(OPEN)
    about = Message.subject_type == SUBJECT, Message.subject_id == one.event_id
    cancel(db.session.scalars(select(Message.id).where(*about, *of_line)).all(), "route_settled")


def _moments(one: AuthorityRoute) -> list[datetime]:
    if one.status == RouteStatus.TOLD and one.told_at:
        return [hours_after(one.told_at, 44)]
    if one.route == Route.WORK_ACCIDENT:
        return [hours_after(one.since, hours, skip_days_off=True) for hours in (24, 40)]
    if one.route == Route.EIGS_2:
        return [one.since + timedelta(days=days) for days in PART_TWO]
    if one.route == Route.DATA:
        return [one.since, hours_after(one.since, 48)]
    return [one.since, hours_after(one.since, 24)] if one.route in ORAL else []


def _line_of(message: Message) -> AuthorityRoute | None:
    return db.session.get(AuthorityRoute, int(message.dedupe_key.split(":")[1]))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    if not option("adverse_events.enabled"):
        return Drop("suppressed", "module_off")
    one, version = _line_of(message), message.dedupe_key.split(":")[2]
    return None if one and one.due_at and str(one.version) == version else Drop("cancelled", "route_settled")


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not."""
    return why_not(message) or reader(message) or Drop("suppressed", "nobody_responsible")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """The number of the event and until when: which authority, and of what, is read behind the sign-in."""
    one = _line_of(message)
    due_at = one.due_at if one else None
    return {
        "reference": one.event.reference if one else "",
        "due_at": due_at,
        "over": due_at is not None and due_at <= clock.now(),
        "url": external_url("staff.show_event", event_id=message.subject_id) + "#authorities",
    }


CLOCK = MessageKind(KIND, _l("Clock of an authority"), "event_clock", reader, decide, context, why_not=why_not,
                    extra_copies=1, governed_by=("adverse_events.enabled",))  # fmt: skip
