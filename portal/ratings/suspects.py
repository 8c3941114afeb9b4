"""Answers by mail that a machine has probably given: kept, not counted, shown to staff."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.people.models import Client, Service
from portal.ratings.details import Detailed
from portal.ratings.models import RatingSubject, SuspectAnswer
from portal.visits.models import Visit
from portal.visits.queries import visible_visits

SUSPECT_LABELS = {
    "too_fast": _l("answered within seconds of the mail"),
    "honeypot": _l("filled in the hidden field"),
}


@dataclass(frozen=True)
class SuspectRow(Detailed):
    """An answer that was not counted, and the visit that it is about."""

    stars: int
    comment: str | None
    reason: str
    at: datetime
    client: str
    service: str
    starts_at: datetime
    details: dict | None
    call_back: bool
    called_at: None = None  # nobody calls a machine

    @property
    def why(self) -> str:
        """Why no person can have given it."""
        return str(SUSPECT_LABELS[self.reason])


def suspect_answers(user: User, limit: int = 20) -> list[SuspectRow]:
    """Newest answers that were not counted, about visits that this person of the staff may see."""
    seen = visible_visits(user).with_only_columns(Visit.id)
    chosen = (
        select(
            SuspectAnswer.stars, SuspectAnswer.comment, SuspectAnswer.reason, SuspectAnswer.at,
            (Client.first_name + " " + Client.last_name).label("client"), Service.name.label("service"),
            Visit.starts_at, SuspectAnswer.details, SuspectAnswer.call_back,
        )
        .join(RatingSubject, RatingSubject.id == SuspectAnswer.subject_id)
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .join(Client, Client.id == RatingSubject.client_id)
        .join(Service, Service.id == RatingSubject.service_id)
        .where(RatingSubject.visit_id.in_(seen))
        .order_by(SuspectAnswer.id.desc())
    )  # fmt: skip
    return [SuspectRow(**row._mapping) for row in db.session.execute(chosen.limit(limit))]
