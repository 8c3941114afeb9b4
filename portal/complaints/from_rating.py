"""A low rating turned into a complaint: what it says is filed as it was said."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ScalarSelect, SQLColumnExpression, select

from portal.accounts.models import User
from portal.complaints.actions import Filing, file_complaint
from portal.complaints.models import Channel, Complaint, Direction
from portal.errors import Refused
from portal.extensions import Panel, db
from portal.links import new_public_id
from portal.organisation.lists import entries
from portal.organisation.models import ListName
from portal.people.models import Worker
from portal.ratings.models import RatedWorker, Rating
from portal.ratings.queries import is_low
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

QUALITY = "C03"  # the subject of a rating that says nothing else; staff change it if it is another


def complaint_of_rating(actor: User, rating: Rating) -> Complaint:
    """File what a low rating says as a complaint of its client: about the worker, if exactly one came; about the
    agency, if it is of how an incident was handled.

    Returns:
        The complaint; the one that there is already, whoever has filed it.

    Raises:
        Refused: the rating is not low, or as `file_complaint` says.
    """
    if made := db.session.scalar(select(Complaint).where(Complaint.rating_id == rating.id)):
        return made
    if not is_low(rating.stars):
        raise Refused(_l("This rating is not low any more: there is nothing to complain of in it."), "stars")
    subject = rating.subject
    came = select(Worker).join(RatedWorker, RatedWorker.worker_id == Worker.id)
    workers = db.session.scalars(came.where(RatedWorker.subject_id == subject.id)).all()
    about = workers[0] if len(workers) == 1 else None
    offered = entries(ListName.COMPLAINT)
    what = next((one for one in offered if one.code == QUALITY), offered[0] if offered else None)
    if what is None:
        raise Refused(_l("There is no subject of complaints in use: an administrator chooses them."), "subject_id")
    return file_complaint(actor, Filing(
        Direction.CLIENT_WORKER if about else Direction.CLIENT_AGENCY, what, _said(rating), new_public_id(),
        client=subject.visit.client, worker=about, channel=Channel.RATING, visit=subject.visit, rating=rating,
    ))  # fmt: skip


def _said(rating: Rating) -> str:
    if rating.comment:
        return rating.comment
    if rating.subject.incident_id:
        return _("The handling of an incident was rated %(stars)s out of 5, without a comment.", stars=rating.stars)
    return _("Rated %(stars)s out of 5, without a comment.", stars=rating.stars)


def complaint_of(rating_id: SQLColumnExpression[int]) -> ScalarSelect[int]:
    """The number of the complaint that a rating was turned into, in a statement that reads ratings."""
    return select(Complaint.id).where(Complaint.rating_id == rating_id).correlate_except(Complaint).scalar_subquery()


def low_rating_panel(user: User, rating_id: int, complaint_id: int | None) -> Panel | None:
    """The button beside a low rating; the way to the complaint, where there is one already."""
    if not option("complaints.enabled") or Permission.HANDLE_COMPLAINTS not in GRANTS[user.role]:
        return None
    return Panel("complaints/_low_rating.html", {"rating_id": rating_id, "complaint_id": complaint_id})
