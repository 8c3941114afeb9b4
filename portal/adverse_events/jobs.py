"""Forgetting reports that were begun and never sent."""

from datetime import timedelta

from sqlalchemy import delete, exists, select

from portal import clock
from portal.adverse_events.models import EventDraft, draft_file, event_file
from portal.extensions import db, writing
from portal.files.models import Attachment

KEPT = timedelta(days=60)  # after the last time its author saved something


def sweep() -> int:
    """Forget the drafts that nobody has touched for sixty days, with what was attached to them; the contents of files
    whose rows are gone are forgotten by `portal.files.jobs`. Return how many drafts."""
    old = select(EventDraft.id).where(EventDraft.saved_at < clock.now() - KEPT)
    if db.session.scalar(old.limit(1)) is None:
        db.session.rollback()
        return 0
    with writing():
        return _forget()


def _forget() -> int:
    db.session.rollback()  # it only read so far; what follows takes the lock first
    old = db.session.scalars(select(EventDraft.id).where(EventDraft.saved_at < clock.now() - KEPT)).all()
    files = db.session.scalars(select(draft_file.c.attachment_id).where(draft_file.c.draft_id.in_(old))).all()
    db.session.execute(delete(EventDraft).where(EventDraft.id.in_(old)))
    elsewhere = exists().where(event_file.c.attachment_id == Attachment.id)
    db.session.execute(delete(Attachment).where(Attachment.id.in_(files), ~elsewhere))
    db.session.commit()
    return len(old)
