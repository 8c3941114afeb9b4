"""Who the browser's cookie stands for: Flask-Security's password handling, our own rows of sessions."""

from functools import partial

from flask import Flask, Response, g, session
from flask_login import LoginManager, current_user
from flask_security import RoleMixin, SQLAlchemyUserDatastore

from portal import clock
from portal.accounts.models import Account
from portal.accounts.sessions import SEEN_EVERY, load_signed_in, write_seen
from portal.extensions import db, security
from portal.htmx import request
from portal.portals import SAFE, ask_to_sign_in


def init_app(app: Flask) -> None:
    app.config.setdefault("SECURITY_PASSWORD_HASH", "argon2")
    app.config.setdefault("SECURITY_PASSWORD_SINGLE_HASH", True)  # argon2 salts by itself
    app.config["SESSION_PROTECTION"] = None  # a session's row says whether it stands; phones change their addresses
    app.config["SECURITY_EMAIL_VALIDATOR_ARGS"] = {"check_deliverability": False}
    app.config["SECURITY_RETURN_GENERIC_RESPONSES"] = True
    datastore = SQLAlchemyUserDatastore(db, Account, RoleMixin)
    security.init_app(app, datastore, register_blueprint=False)
    # Flask-Security's loader looks at the login alone; ours also asks whether the session's row still stands
    manager: LoginManager = vars(app)["login_manager"]
    manager.user_loader(load_signed_in)
    manager.unauthorized_handler(ask_to_sign_in)
    app.after_request(mark_seen)


def find_who_comes() -> None:
    """Before the token of a form is looked at: which one is right follows from the session and its open file. Whose
    session is over is led to sign in, not told that the form is void."""
    known = session.get("csrf_token")
    if request.method not in SAFE and not current_user.is_authenticated and known:
        session["csrf_token"] = known


def mark_seen(response: Response) -> Response:
    """Have it noted, once the answer has left, that this browser was here; what a page asks by itself is no sign of
    anybody."""
    session_id, seen_at = g.get("seen", (None, None))
    moment = clock.now()
    if session_id and not request.is_poll and moment - seen_at >= SEEN_EVERY:
        response.call_on_close(partial(write_seen, db.engine, session_id, moment))
    return response
