"""The end of an event: dealt with, closed, opened again.

Dealt with is one fact: the note that follows an event is finished, on whichever page that is done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.feedback import Told, is_reporter_told
from portal.adverse_events.follow_models import Action, ActionState, Analysis, AuthorityRoute, Reopening, RouteStatus
from portal.adverse_events.following import is_over, refuse_late, step
from portal.adverse_events.models import AdverseEvent, Reporter, State
from portal.adverse_events.progress import is_analysis_asked, is_plan_asked
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.folding import fold_name
from portal.notes.actions import end_note, reopen_note
from portal.notes.models import Situation
from portal.people.queries import files_of_account

SERIOUS = ("serious", "care_related")  # kinds of which the councils are told
RUNNING = (RouteStatus.TO_ASSESS, RouteStatus.TO_DO, RouteStatus.TOLD)


@dataclass(frozen=True)
class Missing:
    """Something that an event needs before it can be closed: in words, and the page and the part of it where it is
    done."""

    text: str
    endpoint: str
    values: Mapping[str, Any]

    @property
    def url(self) -> str:
        return url_for(self.endpoint, **self.values)


def missing_of(event: AdverseEvent) -> list[Missing]:
    """Whatever is missing before an event can be closed (`domain.md` §1.6–1.8)."""
    return list(_missing(event))


def _missing(event: AdverseEvent) -> Iterator[Missing]:
    of_event = Analysis.event_id == event.id, Analysis.finished_at.is_not(None)
    planned = Action.event_id == event.id, Action.state != ActionState.DROPPED
    open_lines = AuthorityRoute.event_id == event.id, AuthorityRoute.status.in_(RUNNING)
    analysed, has_plan, runs = db.session.execute(
        select(exists().where(*of_event), exists().where(*planned), exists().where(*open_lines))
    ).one()
    of, page = {"event_id": event.id}, "staff.show_event"
    if event.triaged_at is None:
        yield Missing(_("It has not been judged yet: what it is, how severe, how frequent."), "staff.judge_event", of)
    if is_analysis_asked(event) and not analysed:
        yield Missing(_("The analysis of its causes is not finished."), "staff.write_analysis", of)
    if is_plan_asked(event) and not has_plan:
        yield Missing(_("There is no action after it."), "staff.add_event_action", of)
    if runs:
        yield Missing(_("There are authorities that it has to be settled with."), page, of | {"_anchor": "authorities"})
    if not is_reporter_told(event):
        told = of | {"whom": Told.REPORTER.value}
        yield Missing(_("Who reported it has not been told what became of it."), "staff.tell_about_event", told)


def untold_of(event: AdverseEvent) -> list[Missing]:
    """Who may still be told before it is closed; it can be closed without (`domain.md` §1.6, rows 35 and 36)."""
    of = {Told.CLIENT: event.client_told_how is None and event.client_id is not None,
          Told.COUNCIL: event.council_told_at is None and event.kind in SERIOUS}  # fmt: skip
    words = {Told.CLIENT: _("The client and the relatives have not been told."),
             Told.COUNCIL: _("The councils (CVS, CSE) have not been told.")}  # fmt: skip
    return [Missing(words[whom], "staff.tell_about_event", {"event_id": event.id, "whom": whom.value})
            for whom, open_ in of.items() if open_]  # fmt: skip


def is_implicated(user: User, event: AdverseEvent) -> bool:
    """Whether this person reported the event, in whatever file and however, or is concerned by it. Nobody but this
    person is told the answer."""
    files = files_of_account(user.account_id) if user.account_id else [user]
    keys = {file.key for file in files}
    if event.client_id and any(
        file.client_id == event.client_id for file in files
    ):  # a relative's file is the client's
        return True
    concerned = {f"client:{event.client_id}", f"worker:{event.worker_id}"}
    reporter = db.session.get(Reporter, event.id)
    if keys & concerned or (reporter and f"{reporter.person_type}:{reporter.person_id}" in keys):
        return True
    names = {fold_name(file.name) for file in files}
    return any(fold_name(one.name) in names for one in event.people)


def refuse_implicated(actor: User, event: AdverseEvent) -> None:
    """Refuse that somebody ends an event, in whatever way, who is implicated in it.

    Raises:
        Refused: code `implicated`.
    """
    if is_implicated(actor, event):
        raise Refused(
            _l("You reported this event or are concerned by it. Somebody else has to close it."), "implicated"
        )


def close_event(actor: User, event: AdverseEvent, why: str, residual: int | None, version: int) -> None:
    """Close an event, and finish the note that follows it.

    Args:
        why: staff read it.
        residual: the severity that is left, 1 to 5.
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, the person is implicated, or something is missing.
    """
    refuse_late(event, version)
    refuse_implicated(actor, event)
    if missing := missing_of(event):
        raise Refused(missing[0].text, "missing")
    before = {"state": str(event.state)}
    step(event, State.CLOSED)
    event.closed_at, event.closed_by, event.closed_why, event.residual = clock.now(), actor.name, why, residual
    db.session.flush()
    record("event.closed", actor, ("adverse_event", event.id), before=before,
           after={"state": State.CLOSED.value, "residual": residual})  # fmt: skip
    if event.note and event.note.situation not in (Situation.DONE, Situation.CANCELLED):
        end_note(actor, event.note)


def reopen_event(actor: User, event: AdverseEvent, why: str, version: int) -> None:
    """Open a closed event again, and the note that follows it. How it had been closed is kept.

    Raises:
        Refused: it has another version by now, is not closed, or nobody says why.
    """
    refuse_late(event, version)
    if event.state != State.CLOSED or event.closed_at is None:
        raise Refused(_l("This event is not closed."), "state")
    former = Reopening(event_id=event.id, by=actor.name, why=why, closed_at=event.closed_at,
                       closed_by=event.closed_by or "", closed_why=event.closed_why or "")  # fmt: skip
    db.session.add(former)
    step(event, State.REOPENED)
    event.closed_at = event.closed_by = event.closed_why = event.residual = None
    db.session.flush()
    record("event.reopened", actor, ("adverse_event", event.id), before={"state": State.CLOSED.value},
           after={"state": State.REOPENED.value})  # fmt: skip
    if event.note and event.note.situation in (Situation.DONE, Situation.CANCELLED):
        reopen_note(actor, event.note)


def mark_dealt_with(actor: User, event: AdverseEvent, version: int) -> None:
    """Say that an event is dealt with: the note that follows it is finished.

    Raises:
        Refused: the event has another version by now, or has no note, or is dealt with already.
    """
    refuse_late(event, version)
    if event.note is None or event.note.done_at is not None:
        raise Refused(_l("This event is dealt with already."), "state")
    end_note(actor, event.note)


def take_up(actor: User, event: AdverseEvent, version: int) -> None:
    """Say that an event that is not ended is not dealt with after all: the note that follows it is open again.

    Raises:
        Refused: the event has another version by now, is ended, or is not dealt with.
    """
    refuse_late(event, version)
    if is_over(event) or event.note is None or event.note.done_at is None:
        raise Refused(_l("This event cannot be taken up again here. Please look at how it stands now."), "state")
    reopen_note(actor, event.note)


def reopenings_of(event: AdverseEvent) -> list[Reopening]:
    """How often it was opened again, oldest first."""
    of_event = select(Reopening).where(Reopening.event_id == event.id).order_by(Reopening.at, Reopening.id)
    return list(db.session.scalars(of_event))
