"""For those who watch over the portal: does the process answer, does the database?"""

from flask import Blueprint, Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import db
from portal.queue import is_reachable

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
