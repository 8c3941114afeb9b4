"""Forgetting contents that no row names: of deeds that were refused half-way, of processes that died."""

from datetime import timedelta

from sqlalchemy import select

from portal import clock
from portal.extensions import begin_reading, db
from portal.files.models import THUMBNAIL_ENDING, Attachment
from portal.files.store import OURS, PARTIAL, store

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # with which a name may begin
KEPT = timedelta(days=1)  # longer than any deed takes
BATCH = 500


def sweep() -> int:
    """Look at the contents whose names begin with the sign of this minute: an hour sees them all. Return how many were
    forgotten. Only what we could have written is: whatever else lies there stays."""
    begin_reading()
    moment, found = clock.now(), store()
    sign = SIGNS[int(moment.timestamp() // 60) % len(SIGNS)]
    old = sorted(name for name, at in found.listed(sign) if at < moment - KEPT)
    orphans = [name for name in old if PARTIAL.fullmatch(name)]
    for names in _in_batches([name for name in old if OURS.fullmatch(name)]):
        orphans += _orphans(names)
    for name in orphans:
        found.remove(name)
    return len(orphans)


def _in_batches(names: list[str]) -> list[list[str]]:
    return [names[start : start + BATCH] for start in range(0, len(names), BATCH)]


def _orphans(names: list[str]) -> list[str]:
    ids = {name.removesuffix(THUMBNAIL_ENDING) for name in names}
    known = set(db.session.scalars(select(Attachment.public_id).where(Attachment.public_id.in_(ids))))
    db.session.rollback()
    return [name for name in names if name.removesuffix(THUMBNAIL_ENDING) not in known]
