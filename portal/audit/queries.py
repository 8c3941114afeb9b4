"""Reading the journal."""

from collections.abc import Collection, Sequence

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db


def deeds_on(subject_type: str, ids: Collection[int]) -> Sequence[AuditEntry]:
    """What was done to these records, oldest first."""
    chosen = select(AuditEntry).where(AuditEntry.subject_type == subject_type, AuditEntry.subject_id.in_(ids))
    return db.session.scalars(chosen.order_by(AuditEntry.id)).all()
