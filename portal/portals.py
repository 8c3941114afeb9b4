"""The three portals: guarded blueprints onto which features hang their handlers.

Nobody signed in → sign-in. Another role's portal → 404. The right portal without the right → 403.
A handler that answers below 400 commits; any other answer rolls back.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from types import FunctionType
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

from portal.accounts.models import Account
from portal.accounts.second_factor import is_missing
from portal.accounts.sessions import note_seen
from portal.audit.actions import record_refusal
from portal.errors import show_signed_out
from portal.extensions import begin_reading, begin_writing, csrf, db
from portal.htmx import go_to
from portal.htmx import request as portal_request
from portal.roles import GRANTS, Permission, Role
from portal.settings.queries import is_on

Handler = Callable[..., Response | str]
LOGGED = {"request_id", "begun"}  # what a request goes on to know of itself when it is answered anew
SAFE = {"GET", "HEAD", "OPTIONS"}
SETTING_UP = {"staff.manage_factor", "staff.scan_factor", "staff.keep_codes"}


class RowNumber(IntegerConverter):
    """A row's number in an address. A number too large for the database names no row: 404, not a fault."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, max=2**31 - 1)


class Unready(Exception):
    """Raised by a deed, before it writes, that needs something which takes its time and no database. It is made ready
    while nothing is locked; then the request is answered from its beginning, as if it had come just now: who it is,
    what they may do and see, what the form says of it. So nobody's deed is judged by what was true before."""

    def __init__(self, make_ready: Callable[[], AbstractContextManager[object]]) -> None:
        super().__init__()
        self.make_ready = make_ready  # what it yields, `ready()` gives to the deed


def ready() -> object:
    """What was made ready for the deed of this request; None before."""
    return g.get("ready")


class Portal(Blueprint):
    """A blueprint for the people of some roles. Routes without a permission cannot be written."""

    def __init__(self, name: str, *roles: Role) -> None:
        super().__init__(name, __name__, url_prefix=f"/{name}")
        self.roles = roles
        self.permissions: dict[str, Permission] = {}
        self.before_request(self.admit)

    def page(
        self, rule: str, permission: Permission, *, methods: tuple[str, ...] = ("GET",), module: str | None = None
    ) -> Callable[[Handler], Handler]:
        """Hang a handler onto this portal.

        Args:
            rule: address below the portal's prefix.
            permission: what a person must hold; anyone else of this portal gets 403.
            methods: what it answers to; anything but GET may write.
            module: option (`ratings.enabled`) that, switched off, makes the address answer 404.
        """

        def hang(handler: Handler) -> Handler:
            view = guarded(handler, permission, module)
            self.permissions[f"{self.name}.{view.__name__}"] = permission
            self.add_url_rule(rule, view_func=view, methods=methods)
            return handler

        return hang

    def admit(self) -> Response | None:
        """Find who comes, and in which of their files, before any handler of this portal."""
        if not current_user.is_authenticated:
            return ask_to_sign_in()
        files = [file for file in g.files if file.role in self.roles]
        if not files:
            abort(404)
        chosen = next((file for file in files if file.key == g.signed_in.open_file), files[0])
        g.user, g.portal = chosen, self.name
        return self.confine()

    def confine(self) -> Response | None:
        """Lead an administrator without a second factor to where it is set up: until then nothing else opens."""
        g.confined = is_missing(g.user, cast("Account", current_user))
        if not g.confined or request.endpoint in SETTING_UP:
            return None
        page = url_for("staff.manage_factor")
        return go_to(page, 403) if portal_request.wants_fragment else redirect(page, 303)


def ask_to_sign_in() -> Response:
    """Send the person to the sign-in page and back, past what they had typed; htmx is told to open it as a page."""
    page = url_for("accounts.sign_in", next=way_back())
    return show_signed_out(page) or (go_to(page, 401) if portal_request.wants_fragment else redirect(page))


def way_back() -> str | None:
    """Address of the page that the person was on: of a deed or a fragment, the page that it was asked from."""
    if request.method == "GET" and not portal_request.wants_fragment:
        return request.full_path.rstrip("?")
    asked_from = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if asked_from.netloc == request.host and asked_from.path.startswith("/"):
        return f"{asked_from.path}?{asked_from.query}" if asked_from.query else asked_from.path
    return request.full_path.rstrip("?") if request.method == "GET" else None


def guarded(handler: Handler, permission: Permission, module: str | None) -> FunctionType:
    """Wrap a handler of a portal: module on, permission held, transaction ended."""

    @wraps(handler)
    def run(**values: object) -> Response:
        if module and not is_on(module):
            abort(404)
        if permission not in GRANTS[g.user.role]:
            asked = {"method": request.method, "page": request.endpoint}
            record_refusal("access.denied", g.user, ("account", g.user.account_id), asked)
            abort(403)
        try:
            return in_transaction(handler, **values)
        except Unready as unready:
            return begin_again(unready, run, values)

    return cast("FunctionType", run)


def begin_again(unready: Unready, view: Handler, values: Mapping[str, object]) -> Response:
    """Make ready what a deed needs, forget all that was read, and answer the request once more."""
    db.session.rollback()
    portal = PORTALS[g.portal]
    with unready.make_ready() as made:
        db.session.commit()  # what it has kept itself stays, whatever becomes of the request
        for known in set(g) - LOGGED:
            g.pop(known)
        g.ready = made
        if elsewhere := portal.admit():
            return elsewhere
        csrf.protect()  # is the form still one of the file that is open now?
        return cast("Response", view(**values))


def in_transaction(handler: Handler, **values: object) -> Response:
    """Run a handler; commit when it answers below 400, roll back otherwise."""
    response = current_app.make_response(handler(**values))
    if response.status_code < 400 and request.method not in SAFE:
        if not portal_request.is_poll:
            note_seen()
        db.session.commit()
    else:
        db.session.rollback()
    return response


def choose_lock() -> None:
    """Unsafe requests take SQLite's write lock at once, safe ones never."""
    if request.method in SAFE:
        begin_reading()
    else:
        begin_writing()


client = Portal("client", Role.CLIENT, Role.RELATIVE)
worker = Portal("worker", Role.WORKER)
staff = Portal("staff", Role.COORDINATOR, Role.QUALITY, Role.ADMIN)
PORTALS = {portal.name: portal for portal in (client, worker, staff)}
HOMES = {"client": "client.list_own_visits", "worker": "worker.list_today", "staff": "staff.show_home"}


def portal_of(role: Role) -> Portal:
    return next(portal for portal in PORTALS.values() if role in portal.roles)
