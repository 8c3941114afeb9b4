"""The strict browser refuses what it says it refuses, and each test finds a portal that no other has touched:
otherwise every other test would be worth less."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, insert, make_url, text

from portal.extensions import csrf, db, security
from portal.settings.models import OptionValue
from tests.conftest import Standing, Templates, close, make_app, open_browser

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
        ("<p>&lt;flask_babel.LazyString&gt; l'heure: LazyString</p>", "shows 'LazyString'"),
        ("<style>p { color: red }</style>", "inline code"),
        ('<button type="button" onclick="go()">Go</button>', "has code in onclick"),
        ('<a href="java&#115;cript:go()">Go</a>', "has code in href"),
        ('<p data-go="JS:go()">Go</p>', "has code in data-go"),
        ('<img src="/static/icons.svg">', "has an image without alt"),
        ('<img src="/static/nowhere.svg" alt="">', "names no file"),
        ('<a href="//example.org/">Go</a>', "leads out of the portal"),
        ('<a href="/sign-out">Go</a>', "answers 405 to GET"),
        ('<form method="post" action="/healthz"><button>Go</button></form>', "answers 405 to POST"),
        (
            '<form method="post" action="/sign-in"><input type="hidden" name="csrf_token" value="x">'
            '<button formaction="/nowhere">Go</button></form>',
            "formaction='/nowhere' answers 404",
        ),
        (
            '<form method="post" action="/sign-in"><input type="hidden" name="csrf_token"><button>Go</button></form>',
            "needs a token",
        ),
        ('<form action="/sign-in" hx-post="/sign-in"><button>Go</button></form>', "a form works only with htmx"),
        ('<button hx-post="/sign-in">Go</button>', "works only with htmx"),
        ('<form action="/sign-in"><label></label><input name="email"></form>', "has no label"),
        ('<form action="/sign-in"><label>Address</label><input name="email"></form>', "has no label"),
        ('<form action="/sign-in"><label for="e"></label><input id="e" name="email"></form>', "has no label"),
        (
            '<form action="/sign-in"><label for="None">Address</label><textarea name="e"></textarea></form>',
            "has no label",
        ),
        ('<label><select name="e"><option></option></select></label>', "has no label"),
        ("<form action='/sign-in'><button><img src='/static/icons.svg' alt=''></button></form>", "nothing to read"),
        ('<label for="nothing">Go</label>', "for='nothing' names nothing"),
        ('<p hx-target="#nothing">Go</p>', "hx-target='#nothing' names nothing"),
        ('<svg aria-labelledby="main nothing"></svg>', "aria-labelledby='nothing' names nothing"),
    ],
)
def test_a_page_with_a_fault_is_refused(app: Flask, html: str, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        answer(app, f"{HEAD}{GOOD}{html}</body></html>")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="/sign-in"><img src="/static/icons.svg" alt="Sign in"></a>',
        '<a href="/sign-in" aria-label="Sign in"></a>',
        '<form action="/sign-in"><label for="e">Address</label><input id="e" name="email"><button>Go</button></form>',
        '<form action="/sign-in"><label>Address <input name="email"></label><button>Go</button></form>',
        '<p hx-target="this" aria-describedby="main">Go</p>',
        '<a href="#main">Go</a><a href="mailto:a@example.org">Write</a><a href="tel:+33">Call</a><a>Nowhere</a>',
    ],
)
def test_what_is_no_fault_passes(app: Flask, html: str) -> None:
    answer(app, f"{HEAD}{GOOD}{html}</body></html>")


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        (f"{HEAD}{GOOD}</body></html>".replace(' lang="fr"', ""), "says no language"),
        (f"{HEAD}{GOOD}</body></html>".replace(' lang="fr"', ' lang="de"'), "says no language"),
        (f"{HEAD}{GOOD}</body></html>".replace("<title>Heading", "<title>None · Heading"), "has no title of its own"),
        (f'{HEAD}<main id="main"></main></body></html>', "has 0 h1"),
        (f'{HEAD}<main id="main"><h1> </h1></main></body></html>', "has 1 h1"),
        (f'{HEAD}<main id="other"><h1>Heading</h1></main></body></html>', "has no main#main"),
        (f'{HEAD}<div id="main"><h1>Heading</h1></div></body></html>', "has no main#main"),
        (f"{HEAD}<title>Heading</title>{GOOD}</body></html>", "2 elements 'title'"),
        (f"\n\n{HEAD}{GOOD}\n<p></b></p></body></html>", r"does not parse at 4:7: .*\(b\)"),
    ],
)
def test_a_page_that_lacks_what_a_whole_page_has_is_refused(app: Flask, html: str, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        answer(app, html)


@pytest.mark.parametrize(
    "html", ["<p>Go</p>", "<tr><td>Go</td></tr>", '<label for="of-the-page">Go</label>', "<h1>One</h1><h1>Two</h1>"]
)
def test_a_fragment_without_a_fault_passes(app: Flask, html: str) -> None:
    answer(app, html)


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<p><b>Go</p></b>", "does not parse"),
        ("<td>Go</td>", "does not parse"),
        ("<tr><p>Go</p></tr>", "does not parse"),
        ('<p style="color: red">Go</p>', "inline code"),
        ('<a href="/staff/nowhere">Go</a>', "answers 404"),
        ('<p id="a">Go</p><p id="a">Go</p>', "two elements have the id"),
    ],
)
def test_a_fragment_with_a_fault_is_refused(app: Flask, html: str, fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        answer(app, html)


def test_a_form_of_a_mailed_page_has_no_token(app: Flask) -> None:
    form = '<form method="post" action="/sign-in">%s<button>Go</button></form>'
    token = '<input type="hidden" name="csrf_token" value="x">'
    app.add_url_rule("/open", "open.probe", lambda: f"{HEAD}{GOOD}{form % token}</body></html>")
    app.add_url_rule("/good", "open.good", lambda: f"{HEAD}{GOOD}{form % ''}</body></html>")
    browser = open_browser(app)
    with pytest.raises(AssertionError, match="on a mailed page has one"):
        browser.get("/open")
    browser.get("/good")


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


def test_what_a_test_leaves_behind_the_next_does_not_find(
    templates: Templates, standing: Standing, tmp_path: Path
) -> None:
    """All tests use one application: whatever may be changed of it is what it was, once it stands anew."""
    first, second = templates.copy("empty", tmp_path / "first.db"), templates.copy("empty", tmp_path / "second.db")
    (tmp_path / "first").mkdir()
    app = standing.at(first, tmp_path / "first")
    before = state_of(app)
    heard: list[str] = []
    app.config.update(PORTAL_SMTP_URL="smtp://127.0.0.1:1", SECRET_KEY="another", ANEW="x")
    app.config["PORTAL_LINK_KEYS"].append("another")
    app.config["SECURITY_EMAIL_VALIDATOR_ARGS"]["check_deliverability"] = True
    del app.config["MAX_CONTENT_LENGTH"]
    app.extensions["portal.queue.silent"] = True
    app.jinja_env.globals["anew"] = range
    del app.jinja_env.filters["day"]
    app.before_request_funcs[None].insert(0, lambda: "nothing else")
    app.after_request_funcs[None].clear()
    app.error_handler_spec[None][None].clear()
    app.template_folder = app.wsgi_app = None  # ty: ignore[invalid-assignment]
    csrf._exempt_views.add("staff.cancel_visit")
    make_app("sqlite://", tmp_path, SECRET_KEY="the secret of another installation")
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *seen: heard.append(seen[2]))
        db.session.execute(insert(OptionValue).values(key="agency.name", value="x"))
        db.session.commit()
    close(app)
    heard.clear()

    assert standing.at(second, tmp_path) is app
    changed = dict(state_of(app).items() ^ before.items())
    of_place = {"PORTAL_DATA_DIR", "PORTAL_DATABASE_URL", "PORTAL_STORAGE_URL", "SQLALCHEMY_DATABASE_URI"}
    assert set(changed) == of_place
    assert app.config["PORTAL_DATA_DIR"] == tmp_path
    assert security.app is app, "the other installation's hash and signatures are not ours"
    assert open_browser(app).get("/sign-in").status == 200
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM option_value")).scalar_one() == 0
        assert db.engine.url == make_url(second)
    assert app.extensions["tests.watch"].statements, "the strict browser looks at the present database"
    assert heard == []
    close(app)
    for url in (first, second):
        templates.give_back("empty", url)


def test_addresses_that_a_test_has_added_are_gone_in_the_next(
    templates: Templates, standing: Standing, tmp_path: Path
) -> None:
    url = templates.copy("empty", tmp_path / "portal.db")
    app = standing.at(url, tmp_path)
    app.add_url_rule("/anew", "anew", lambda: f"{HEAD}{GOOD}</body></html>")
    assert open_browser(app).get("/anew").status == 200
    close(app)
    app = standing.at(url, tmp_path)
    assert open_browser(app).get("/anew").status == 404
    assert "anew" not in app.view_functions
    close(app)
    templates.give_back("empty", url)


def state_of(app: Flask) -> dict[str, str]:
    """All that there is of an application, by name."""
    held = {**vars(app), **vars(app.jinja_env), **vars(security), **vars(csrf), **app.extensions, **app.config}
    held["globals"] = {name: value for name, value in app.jinja_env.globals.items() if name != "config"}
    shown = {name: sorted(value, key=repr) if isinstance(value, set) else value for name, value in held.items()}
    return {name: repr(value) for name, value in shown.items() if name not in ("config", "extensions", "tests.watch")}
