"""The tab *Évaluations* of a client's and of a worker's record."""

from flask import abort, g
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.pages import show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.queries import list_these, visible_ratings
from portal.roles import Permission

MODULE = "ratings.enabled"


@staff.page("/clients/<int:client_id>/ratings", Permission.SEE_RATINGS, module=MODULE)
def show_client_ratings(client_id: int) -> Response:
    """What a client has said of the visits."""
    client = client_of(g.user, client_id) or abort(404)
    return _page("client", client, visible_ratings(g.user).where(RatingSubject.client_id == client_id))


@staff.page("/workers/<int:worker_id>/ratings", Permission.SEE_RATINGS, module=MODULE)
def show_worker_ratings(worker_id: int) -> Response:
    """What was said of the visits that a worker came to."""
    worker = worker_of(g.user, worker_id) or abort(404)
    rated = select(RatedWorker.subject_id).where(RatedWorker.worker_id == worker_id)
    return _page("worker", worker, visible_ratings(g.user).where(RatingSubject.id.in_(rated)))


def _page(kind: str, person: Client | Worker, chosen: Select) -> Response:
    counted = chosen.where(Rating.excluded_at.is_(None)).with_only_columns(func.count(), func.avg(Rating.stars))
    number, average = db.session.execute(counted).one()
    return show(
        "ratings/record.html", kind=kind, person=person, page=list_these(chosen), number=number,
        average=float(average) if number else None,
    )  # fmt: skip
