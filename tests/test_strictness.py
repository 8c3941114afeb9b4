"""The strict browser refuses what it says it refuses: otherwise every other test would be worth less."""

import pytest
from flask import Flask
from sqlalchemy import insert

from portal.extensions import db
from portal.settings.models import OptionValue
from tests.conftest import open_browser

HEAD = '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Heading</title></head><body>'
GOOD = '<main id="main"><h1>Heading</h1></main>'


def answer(app: Flask, html: str) -> None:
    app.add_url_rule("/probe", "probe", lambda: html, methods=["GET", "POST"])
    open_browser(app).get("/probe")


def test_a_page_without_a_fault_passes(app: Flask) -> None:
    answer(app, f"{HEAD}{GOOD}</body></html>")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p><b>Heading</p></b>", "does not parse"),
        ("<h1>Heading</h1>", "has 2 h1"),
        ('<p style="color: red">', "inline code"),
        ("<script>alert(1)</script>", "inline code"),
        ('<p hx-on:click="go()">Go</p>', "has code in hx-on"),
        ('<a href="javascript:go()">Go</a>', "has code in href"),
        ('<a href="/staff/nowhere">Go</a>', "answers 404"),
        ('<a href="https://example.org/">Go</a>', "leads out of the portal"),
        ('<a href="/sign-in"><span></span></a>', "nothing to read"),
        ('<form method="post" action="/sign-out"><button>Go</button></form>', "needs a token"),
        ("<form><button>Go</button></form>", "has no action"),
        ('<form action="/sign-in"><input name="email"></form>', "has no label"),
        ('<a hx-get="/sign-in">Go</a>', "works only with htmx"),
        ('<p id="main">Go</p>', "two elements have the id"),
        ('<p aria-describedby="nothing">Go</p>', "names nothing"),
        ("<p>%(name)s is here</p>", "shows"),
    ],
)
def test_a_page_with_a_fault_is_refused(app: Flask, html: str, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        answer(app, f"{HEAD}{GOOD}{html}</body></html>")


def test_a_title_that_is_not_the_heading_is_refused(app: Flask) -> None:
    with pytest.raises(AssertionError, match="is headed"):
        answer(app, f"{HEAD.replace('Heading', 'Other')}{GOOD}</body></html>")


def write() -> str:
    db.session.execute(insert(OptionValue).values(key="agency.name", value="x"))
    return f"{HEAD}{GOOD}</body></html>"


def test_a_get_that_writes_is_refused(app: Flask) -> None:
    app.add_url_rule("/probe", "probe", write)
    with pytest.raises(AssertionError, match="writes"):
        open_browser(app).get("/probe")


def test_a_deed_that_is_not_committed_is_refused(app: Flask) -> None:
    app.add_url_rule("/probe", "probe", write, methods=["POST"])
    with pytest.raises(AssertionError, match="left uncommitted"):
        open_browser(app).act("/probe")


def test_a_choice_that_is_not_offered_cannot_be_made(app: Flask) -> None:
    page = open_browser(app).get("/sign-in")
    with pytest.raises(AssertionError, match="has no field"):
        page.form("Sign in").submit(role="admin")
