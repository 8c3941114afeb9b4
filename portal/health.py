"""For those who watch over the portal: does the process answer, does the database, and how are the messages?"""

import hmac
from ipaddress import ip_address

from flask import Blueprint, Flask, Response, abort, current_app, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal import metrics as figures
from portal.extensions import db
from portal.queue import is_reachable

# what a proxy adds: a request that carries one of these was passed on for somebody
PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")

health = Blueprint("health", __name__)


def init_app(app: Flask) -> None:
    app.register_blueprint(health)


@health.get("/healthz")
def process() -> dict:
    """This process answers."""
    return {"status": "ok"}


@health.get("/readyz")
def database() -> tuple[dict, int]:
    """The database answers. Redis is told, and fails nothing: no request needs it."""
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return {"database": "unreachable"}, 503
    return {"database": "ok", "redis": "ok" if is_reachable() else "unreachable"}, 200


@health.get("/metrics")
def metrics() -> Response:
    """The figures for Prometheus, for this machine itself or for whoever holds the token; nobody else learns of it."""
    if not (_holds_token() or _comes_from_this_machine()):
        abort(404)
    return Response(figures.rendered(figures.gauges()), content_type=figures.MIME)


def _holds_token() -> bool:
    token = current_app.config["PORTAL_METRICS_TOKEN"]
    given = request.authorization
    if not token or given is None or given.type != "bearer" or not given.token:
        return False
    return hmac.compare_digest(given.token.encode(), token.encode())


def _comes_from_this_machine() -> bool:
    """The connection itself, whatever headers say; a proxy on this machine passes on for others."""
    unchanged = request.environ.get("werkzeug.proxy_fix.orig", {}).get(
        "REMOTE_ADDR", request.environ.get("REMOTE_ADDR")
    )
    if any(name in request.headers for name in PASSED_ON):
        return False
    try:
        return ip_address(unchanged or "").is_loopback
    except ValueError:  # a socket of a file: whoever listens in front of it, it is not known for whom
        return False
