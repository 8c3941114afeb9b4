"""The way back: from the page of a visit, and from what is done there, to where the person came from."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import current_app, g, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.accounts.queries import safe_next
from portal.htmx import request
from portal.people.records import client_of, worker_of
from portal.visits.models import Visit

PLANNINGS = ("staff.plan_client", "staff.plan_worker")


def came_from(otherwise: str) -> str:
    """Address of the page that the person wants to go back to: it stands in the address."""
    return safe_next(request.args.get("from")) or otherwise


def list_or_planning() -> str:
    """Where the page of a visit leads back to: what its address says, else the page whose link was followed."""
    return came_from(followed_from() or url_for("staff.list_visits"))


def followed_from() -> str | None:
    """The page whose link was followed, if it is one that people come from.

    A list holds fifty links, so they do not say where they stand; the browser does. A page about a visit itself is
    nothing that one comes from: after a deed one would go round in circles.
    """
    asked_from = urlsplit(request.referrer or "")
    known = _match(asked_from.path) if asked_from.netloc == request.host else None
    if known and known[0].startswith("staff.") and "visit_id" not in known[1] and known[0] != "staff.create_visit":
        return f"{asked_from.path}?{asked_from.query}" if asked_from.query else asked_from.path
    return None


def planning_with(visit: Visit) -> str:
    """Address of the planning that the person came from, else the client's, on the day of a visit; of somebody who
    has moved on to another sector, the visit's own page."""
    endpoint, view = "staff.plan_client", None
    shown: dict[str, Any] = {"client_id": visit.client_id}
    if back := safe_next(request.args.get("from")):
        asked = urlsplit(back)
        found, place = _match(asked.path) or ("", {})
        if found == "staff.show_visit":
            return url_for(found, visit_id=visit.id)
        if found in PLANNINGS:
            endpoint, shown, view = found, place, dict(parse_qsl(asked.query)).get("view")
    read, number = (worker_of, "worker_id") if "worker_id" in shown else (client_of, "client_id")
    if read(g.user, shown[number]) is None:
        return url_for("staff.show_visit", visit_id=visit.id)
    values: dict[str, Any] = {**shown, "view": view, "day": visit.local_start.date()}
    return f"{url_for(endpoint, **values)}#visit-{visit.id}"


def _match(path: str) -> tuple[str, dict[str, Any]] | None:
    """The page at a path of ours, and the values of its address."""
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect, UnicodeError):
        return None
    return str(endpoint), dict(values)
