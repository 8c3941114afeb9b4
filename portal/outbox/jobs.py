"""The sweep, every minute, and the drain that it asks RQ for. Both may run twice, late, or in several places."""

import logging
import time
from datetime import timedelta

from flask import current_app, g
from sqlalchemy import func, select, update

from portal import clock
from portal.extensions import db, wires, writing
from portal.outbox import leases
from portal.outbox.mail import Mailer, Outcome, ServerClosed, compose
from portal.outbox.models import OPEN, Message
from portal.queue import enqueue

log = logging.getLogger(__name__)

BATCH = 20
BUDGET = 30.0  # seconds of one drain; with a last mail of 20 s it stays below the job's bound of 55 s
DRAINS = 2  # jobs asked for by one sweep
IMPATIENCE = timedelta(minutes=3)  # after which the sweep stops hoping for a worker and sends by itself


def sweep(inline: bool = False) -> int:
    """Promote what is due, free what a dead process held, expire what is too late; then have it sent.

    Args:
        inline: send in this process, for a machine without Redis.

    Returns:
        How many messages are due.
    """
    with writing():
        leases.reclaim()
        _move(Message.not_after <= clock.now(), OPEN, state="expired", reason="too_late")
        _move(Message.next_at <= clock.now(), ("scheduled",), state="due")
        waiting, oldest = _due()
    if not waiting or not current_app.config["PORTAL_SMTP_URL"]:
        return waiting
    heard = False
    if not inline:
        bucket = f"{clock.now():%Y%m%d-%H%M%S}"
        heard = all([enqueue(drain, job_id=f"drain-{bucket}-{number}") for number in range(min(DRAINS, waiting))])
    if inline or not heard or (oldest and oldest < clock.now() - IMPATIENCE):
        while drain() and inline:
            continue
    return waiting


def _move(condition: object, states: tuple[str, ...], **values: str) -> None:
    chosen = Message.state.in_(states), condition
    db.session.execute(update(Message).where(*chosen).values(**values), execution_options={"synchronize_session": False})
    db.session.commit()


def _due() -> tuple[int, object]:
    counted = select(func.count(), func.min(Message.next_at))
    row = db.session.execute(counted.where(Message.state.in_(("due", "retry")), Message.next_at <= clock.now())).one()
    db.session.rollback()
    return row[0], row[1]


def drain() -> int:
    """Send due messages, one after the other and each recorded on its own; return how many were taken up."""
    url = current_app.config["PORTAL_SMTP_URL"]
    if not url:
        return 0
    deadline, taken = time.monotonic() + BUDGET, 0
    with writing(), Mailer(url) as mailer:
        while time.monotonic() < deadline:
            ids, token = leases.claim(BATCH)
            if not ids:
                return taken
            g.pop("options", None)  # a long drain reads the agency's options anew with each batch
            taken += len(ids)
            if not _send_batch(mailer, ids, token, deadline):
                return 0
    enqueue(drain)
    return taken


def _send_batch(mailer: Mailer, ids: list[int], token: str, deadline: float) -> bool:
    """Send claimed messages; return False when the server is not there. What was not begun is given back."""
    for position, message_id in enumerate(ids):
        if time.monotonic() > deadline:
            leases.release(ids[position:], token)
            return True
        try:
            mailer.open()
            deliver(mailer, message_id, token)
        except ServerClosed as closed:
            leases.release(ids[position:], token)
            leases.pause_channel(str(closed))
            return False
    return True


def deliver(mailer: Mailer, message_id: int, token: str) -> None:
    """Send one claimed message, if it is still ours and still wanted.

    Raises:
        ServerClosed: the server went away; the message is free again.
    """
    opened = leases.begin(message_id, token)
    if opened is None:
        return
    message, attempt, recipient = opened
    kind = wires.message_kinds[message.kind]
    try:
        mail = compose(message, kind, recipient)
        answer = mailer.send(mail, lambda: leases.mark_text_under_way(attempt))
    except Outcome as end:
        leases.finish(message, attempt, end.outcome, end.answer)
    except ServerClosed as closed:
        leases.finish(message, attempt, "closed", str(closed))
        raise
    except Exception as fault:  # a mail that cannot be written must not stop the others
        log.exception("message %s could not be written", message_id)
        db.session.rollback()
        leases.finish(message, attempt, "later", f"fault: {type(fault).__name__}")
    else:
        leases.finish(message, attempt, "accepted", answer)
        leases.open_channel()
