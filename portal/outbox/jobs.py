"""The sweep, every minute, and the drain that it asks RQ for. Both may run twice, late, or in several places."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from types import FunctionType

from flask import current_app
from sqlalchemy import Case, ColumnElement, case, func, select, update

from portal import clock
from portal.extensions import db, rows_changed, wires, writing
from portal.outbox import leases
from portal.outbox.channel import insert_channel
from portal.outbox.gateway import Gateway
from portal.outbox.held import tell_moved
from portal.outbox.letters import Unfilled
from portal.outbox.mail import compose, compose_short
from portal.outbox.mailer import Mailer, Outcome, ServerClosed
from portal.outbox.models import IS_HELD, MAIL, OPEN, SMS, Channel, Message
from portal.outbox.queries import carrier_of, has_way_out
from portal.outbox.suppression import forget_old
from portal.processes import leaving
from portal.queue import enqueue

log = logging.getLogger(__name__)

BATCH = 20
BUDGET = 30.0  # seconds of one drain; with a last mail of 20 s it stays below the job's bound of 55 s
AT_ONCE = 2  # jobs asked for by one sweep
IMPATIENCE = timedelta(minutes=3)  # after which the sweep stops hoping for a worker and sends by itself


def sweep(inline: bool = False) -> int:
    """Promote what is due, free what a dead process held, expire what is too late; then have it sent.

    Args:
        inline: send in this process, for a machine without Redis.

    Returns:
        How many messages are due.
    """
    leases.reclaim()
    moment = clock.now()
    why = case((IS_HELD, "held"), else_="too_late")
    _move(Message.not_after <= moment, OPEN, state="expired", reason=why, put_aside_at=moment)
    _move(Message.next_at <= moment, ("scheduled",), state="due", reason=None)
    _note_beat(moment)
    waiting = _due()
    for way, (number, oldest) in waiting.items():
        if number and has_way_out(carrier_of(way)):
            _have_sent(drain_of(way), number, oldest, inline)
    if inline:  # what has changed its way meanwhile
        drain_short()
    return sum(number for number, _oldest in waiting.values())


def _have_sent(drain_way: FunctionType, number: int, oldest: datetime, inline: bool) -> None:
    """Ask workers to send what is due of a channel; send it here where nobody hears, or nobody has for long."""
    heard = False
    if not inline:
        bucket = f"{clock.now():%Y%m%d-%H%M%S}"
        name = drain_way.__name__.replace("_", "-")
        heard = all(enqueue(drain_way, job_id=f"{name}-{bucket}-{each}") for each in range(min(AT_ONCE, number)))
    if inline or not heard or oldest < clock.now() - IMPATIENCE:
        while drain_way() and inline:
            continue


@writing()
def _move(condition: ColumnElement[bool], states: tuple[str, ...], **values: str | datetime | Case | None) -> None:
    """Change rows that nobody else has in hand: waiting for a lock could end in a deadlock with a visitor's deed."""
    chosen = select(Message.id).where(Message.state.in_(states), condition).with_for_update(skip_locked=True)
    moved = update(Message).where(Message.id.in_(chosen)).values(**values)
    if values["state"] == "expired":
        gone = moved.returning(Message.id, Message.kind).execution_options(synchronize_session=False)
        tell_moved(dict(db.session.execute(gone).all()))
    else:  # it waits as it did
        rows_changed(moved)
    db.session.commit()


@writing()
def _note_beat(moment: datetime) -> None:
    """Write down that somebody looked: those who watch over the portal read it. Forget what is to be forgotten."""
    if not rows_changed(update(Channel).where(Channel.name == MAIL).values(swept_at=moment)):
        insert_channel({"swept_at": moment})
    forget_old()
    db.session.commit()


def _due() -> dict[str, tuple[int, datetime]]:
    """How many messages are due and since when, by channel."""
    counted = select(Message.channel, func.count(), func.min(Message.next_at))
    due = counted.where(Message.state.in_(("due", "retry")), Message.next_at <= clock.now())
    found = {row[0]: (row[1], row[2]) for row in db.session.execute(due.group_by(Message.channel))}
    db.session.commit()
    return found


def drain() -> int:
    """Send due mails, one after the other and each recorded on its own; return how many were taken up."""
    url = current_app.config["PORTAL_SMTP_URL"]
    return _drain(MAIL, Mailer(url)) if url else 0


def drain_short() -> int:
    """The same of text messages."""
    setting = current_app.config["SMS_GATEWAY"]
    return _drain(SMS, Gateway(setting)) if setting else 0


DRAINS = {MAIL: drain, SMS: drain_short}


def drain_of(way: str) -> FunctionType:
    """Who takes up the messages of a channel."""
    return DRAINS[carrier_of(way)]


def _drain(way: str, opened: Mailer | Gateway) -> int:
    deadline, taken = time.monotonic() + BUDGET, 0
    with opened as sender:
        while time.monotonic() < deadline and not leaving.is_set():
            ids, token = leases.claim(BATCH, despite_pause=sender.works, way=way)
            if not ids:
                return taken
            taken += len(ids)
            if not _send_batch(sender, ids, token, deadline, way):
                return 0
    enqueue(DRAINS[way])
    return taken


def _send_batch(sender: Mailer | Gateway, ids: list[int], token: str, deadline: float, way: str = MAIL) -> bool:
    """Send claimed messages; return False when the server is not there. What was not begun is given back."""
    for position, message_id in enumerate(ids):
        try:
            if not leaving.is_set():
                sender.open()
            if leaving.is_set() or time.monotonic() > deadline:
                leases.release(ids[position:], token)
                return True
            deliver(sender, message_id, token)
        except ServerClosed as closed:
            leases.release(ids[position:], token)
            leases.pause_channel(str(closed), way)
            return False
    return True


def deliver(sender: Mailer | Gateway, message_id: int, token: str) -> None:
    """Send one claimed message, if it is still ours and still wanted.

    Raises:
        ServerClosed: the server went away; the message is free again, or its attempt is written down.
    """
    turn = _begin(message_id, token, SMS if isinstance(sender, Gateway) else MAIL)
    if turn is None:
        return
    try:
        answer = _hand_over(sender, turn)
    except Outcome as end:
        leases.finish(turn, end.outcome, end.answer, of_recipient=end.of_recipient)
        if end.of_server:  # at most one message a minute is spent on it
            raise ServerClosed(end.answer) from end
    except ServerClosed as closed:
        leases.finish(turn, "closed", str(closed))
        raise
    except Unfilled as names:
        db.session.rollback()
        leases.finish(turn, "unfilled", f"no value for {names}")
    except leases.LeaseLost:
        log.warning("message %s took longer than its lease and was given to another process", message_id)
    except Exception as fault:  # a mail that cannot be written must not stop the others
        log.exception("message %s could not be written", message_id)
        db.session.rollback()
        leases.finish(turn, "died", f"fault: {type(fault).__name__}")
    else:
        leases.finish(turn, "accepted", answer)
        if sender.handed_over == 1:
            leases.open_channel(turn.recipient.channel)


def _hand_over(sender: Mailer | Gateway, turn: leases.Turn) -> str:
    """Write a message and send it; nobody waits for our transaction while we wait for the server."""
    mark, kind = partial(leases.mark_text_under_way, turn), wires.message_kinds[turn.kind]
    if isinstance(sender, Gateway):
        short = compose_short(turn.message, kind, turn.recipient)
        db.session.commit()
        return sender.send(short, mark)
    mail = compose(turn.message, kind, turn.recipient)
    db.session.commit()
    return sender.send(mail, mark)


def _begin(message_id: int, token: str, way: str) -> leases.Turn | None:
    try:
        return leases.begin(message_id, token, way)
    except Exception as fault:  # its feature cannot say whether it is wanted: the others must not wait for that
        log.exception("message %s could not be begun", message_id)
        db.session.rollback()
        leases.give_up_turn(message_id, token, f"fault: {type(fault).__name__}")
        return None
