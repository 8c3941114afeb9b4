"""When the answer is no: the domain's refusals, and the pages that say so."""

import logging
from urllib.parse import urlsplit

from flask import Flask, g, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.htmx import answer, request
from portal.logs import request_id

log = logging.getLogger(__name__)

SENTENCES = {
    400: (_l("This request was not understood"), _l("Please go back and try again.")),
    401: (_l("You are not signed in"), _l("Please sign in to see this page.")),
    403: (_l("This is not open to you"), _l("Your role does not allow this. If it should, ask your agency.")),
    404: (_l("This page does not exist"), _l("The address is wrong, or what it showed is not there for you.")),
    405: (_l("This request was not understood"), _l("Please go back and try again.")),
    409: (_l("This cannot be done any more"), _l("Somebody changed it in the meantime. Please look again.")),
    413: (_l("This text is too long"), _l("Please go back and shorten it.")),
    429: (_l("Too many attempts"), _l("Please wait a few minutes and try again.")),
    500: (_l("Something went wrong on our side"), _l("Nothing was lost. Please try again in a moment.")),
}
# fields of texts, whatever the form; of one that has lines, any part of its name
TYPED = {"subject", "title", "text", "comment", "note", "reason", "tasks", "mission_order", "facts", "word", "why",
         "witnesses", "measures_note", "effect_note", "fact", "whys", "factors", "planned", "immediate_cause", "worked",
         "missed", "lessons", "indicator", "recipient"}  # fmt: skip
FILE_TOO_LARGE = _l("This file is too large"), _l("What is sent at once may be 55 MB in all. Please send less.")


class Refused(Exception):
    """The domain says no. The message is a whole sentence for the person, already translated or lazily so."""

    def __init__(self, message: object, code: str = "refused") -> None:
        super().__init__(code)
        self.message = message
        self.code = code

    @property
    def status(self) -> int:
        """Of a form that is shown again with this sentence: too many tries, or content that will not do (RFC 9110)."""
        return 429 if self.code == "throttled" else 422


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, show_refusal)
    app.register_error_handler(CSRFError, show_stale_form)
    app.register_error_handler(Refused, show_domain_refusal)
    app.register_error_handler(StaleDataError, show_lost_race)
    app.register_error_handler(Exception, show_fault)


def error_page(
    code: int, title: object, message: object, *, reference: str | None = None, typed: str | None = None,
    way_on: tuple[str, str] | None = None,
) -> Response:  # fmt: skip
    shown = {"code": code, "title": title, "message": message, "reference": reference, "typed": typed,
             "way_on": way_on or ("/", _("Back to the start"))}  # fmt: skip
    body = render_template("errors/error.html", **shown)
    return answer(body, code)


def show_refusal(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):  # under a forged host no page of ours has an address to point to
        return Response("Bad Request", 400, mimetype="text/plain")
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    title, message = FILE_TOO_LARGE if _is_large_file(error) else SENTENCES.get(error.code, SENTENCES[400])
    page = error_page(error.code, title, message)
    page.headers.extend((k, v) for k, v in error.get_headers() if k not in ("Content-Type",))
    return page


def _is_large_file(error: HTTPException) -> bool:
    """Whether a file is what was too large; else the text of a form was."""
    allowed = request.max_content_length or 0
    return error.code == 413 and request.mimetype == "multipart/form-data" and (request.content_length or 0) > allowed


def show_stale_form(_error: CSRFError) -> Response:
    """A browser need not bring back what was typed when somebody goes back: the page shows it, to be copied."""
    why = _("Another file has been opened since, or your session has ended. "
            "Please open the page again, and see that the right file is open before you send it.")  # fmt: skip
    return error_page(400, _("This form is too old"), why, typed=_typed())


def show_signed_out(sign_in: str) -> Response | None:
    """Show what was sent without a session any more, to be copied before one signs in; nothing where nothing was
    typed. A form that htmx has sent still stands on the page with all that is in it, and the page says why."""
    if not (typed := _typed()):
        return None
    if request.wants_fragment:
        return answer("", 401)
    why = _("Your session had ended, so this was not sent. Copy what you had typed, then sign in again and paste it.")
    return error_page(401, SENTENCES[401][0], why, typed=typed, way_on=(sign_in, _("Sign in")))


def _typed() -> str:
    """The texts that a form of ours brought. What another site sends is not shown as if somebody had typed it here."""
    if urlsplit(request.referrer or "").netloc != request.host:
        return ""
    typed = [text.strip() for name, text in request.form.items(multi=True) if TYPED.intersection(name.split("-"))]
    return "\n\n".join(filter(None, typed))


def show_domain_refusal(error: Refused) -> Response:
    """Say why a deed was refused: as a page, or in the notice of the page that htmx asked from."""
    db.session.rollback()
    if request.wants_fragment:
        return answer(render_template("errors/_notice.html", message=error.message), 409, target="#notice")
    return error_page(409, SENTENCES[409][0], error.message)


def show_lost_race(_error: StaleDataError) -> Response:
    """Two people changed one record: the second is told, and nothing of the first is overwritten."""
    return show_domain_refusal(Refused(SENTENCES[409][1], "stale"))


def show_fault(error: Exception) -> Response:
    """Any exception that nobody expected: a reference for the person, the trace for the log."""
    reference = request_id()
    log.exception("fault %s", reference, exc_info=error)
    try:
        db.session.rollback()
    except SQLAlchemyError:  # the database itself may be what failed
        log.exception("no rollback after fault %s", reference)
    g.pop("user", None)
    g.setdefault("options", {})  # the page that says sorry needs no database
    title, message = SENTENCES[500]
    return error_page(500, title, message, reference=reference)
