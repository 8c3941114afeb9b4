"""What the agency shows to everybody: its logo and its privacy notice."""

import re

from flask import Blueprint, abort, current_app
from werkzeug.wrappers import Response

from portal.i18n import language
from portal.pages import show
from portal.settings.queries import logo_by_digest, option

WITH_CONTACT = re.compile(r",[^,.!?{}\n]*\{contact\}")

agency_pages = Blueprint("agency", __name__)


@agency_pages.get("/logo/<token>")
def show_logo(token: str) -> Response:
    """The picture whose digest stands in the address: another logo has another address, so it may be kept for ever."""
    logo = logo_by_digest(token) or abort(404)
    answer = Response(logo.content, mimetype=logo.media_type)
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


@agency_pages.get("/privacy")
def privacy() -> Response:
    """What is kept of people and why, in the language of the page."""
    return show("settings/privacy.html", blocks=notice(), language_links=True)


def notice() -> list[dict[str, str]]:
    """The notice in pieces: a heading, or a paragraph."""
    contact = option("agency.sender") or current_app.config["PORTAL_MAIL_FROM"]
    text = option(f"agency.privacy_{language()}")
    if not contact:  # nowhere to write to: the half-sentence that says so goes
        text, contact = WITH_CONTACT.sub("", text), option("agency.name")
    text = text.replace("{agency}", option("agency.name")).replace("{contact}", contact)
    return [_piece(piece.strip()) for piece in text.split("\n\n") if piece.strip()]


def _piece(text: str) -> dict[str, str]:
    is_heading = text.startswith("## ") and "\n" not in text
    return {"heading": text[3:] if is_heading else "", "text": text}
