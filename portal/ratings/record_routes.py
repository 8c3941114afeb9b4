"""The tab *Évaluations* of a client's and of a worker's record."""

from flask import abort, g
from sqlalchemy import ColumnElement, Select, case, false, func, select
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.pages import show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.own import is_left_out
from portal.ratings.queries import list_these, visible_ratings
from portal.roles import Permission
from portal.settings.queries import is_on

MODULE = "ratings.enabled"


@staff.page("/clients/<int:client_id>/ratings", Permission.SEE_RATINGS, module=MODULE)
def show_client_ratings(client_id: int) -> Response:
    """What a client has said of the visits."""
    client = client_of(g.user, client_id) or abort(404)
    return _page("client", client, visible_ratings(g.user).where(RatingSubject.client_id == client_id), false())


@staff.page("/workers/<int:worker_id>/ratings", Permission.SEE_RATINGS, module=MODULE)
def show_worker_ratings(worker_id: int) -> Response:
    """What was said of the visits that a worker came to."""
    worker = worker_of(g.user, worker_id) or abort(404)
    rated = select(RatedWorker.subject_id).where(RatedWorker.worker_id == worker_id)
    contested = is_left_out(worker_id) if is_on("ratings.workers_see") else false()
    return _page("worker", worker, visible_ratings(g.user).where(RatingSubject.id.in_(rated)), contested)


def _page(kind: str, person: Client | Worker, chosen: Select, left_out: ColumnElement[bool]) -> Response:
    kept = case((~left_out, Rating.stars))
    counted = chosen.where(Rating.excluded_at.is_(None))
    figures = func.count(), func.avg(Rating.stars), func.count(kept), func.avg(kept)
    number, average, adjusted_number, adjusted = db.session.execute(counted.with_only_columns(*figures)).one()
    return show(
        "ratings/record.html", kind=kind, person=person, page=list_these(chosen), number=number,
        average=float(average) if number else None, adjusted_number=adjusted_number,
        adjusted=float(adjusted) if adjusted_number and adjusted_number < number else None,
    )  # fmt: skip
