"""What a link is worth: for one row and one purpose, with a key of ours, as long as that key is listed."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import config
from portal.extensions import db
from portal.links import make_token, read_token
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.models import Rating, RequestChoice
from portal.visits.actions import reopen_visit
from portal.visits.models import Visit
from tests.conftest import LINK_KEY, Database, Mailbox, open_browser
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, plan_asked_visit, read
from tests.ratings.test_public_links import is_refused, said_to

OLD, NEW = "the link key of last year, long enough", "the link key of this year, long enough"


def test_swapping_the_halves_of_two_links_opens_neither(app: Flask, agency: Agency, mailbox: Mailbox, database) -> None:
    tokens = []
    for hour in (7, 8):
        with database.writing():
            claire = db.session.get_one(Client, agency.claire.id)
            claire.email = f"claire{hour}@example.org"
        plan_asked_visit(agency, database, hour)
    with app.app_context():
        tokens = [make_token("rate", public_id) for public_id in db.session.scalars(select(Message.public_id))]
        one, other = tokens
        swapped = {one[:22] + other[22:], other[:22] + one[22:], one[22:] + one[:22], other[22:] + one[:22]}
        assert [token for token in swapped if read_token("rate", token)] == []
        assert {read_token("rate", token) for token in tokens} == {token[:22] for token in tokens}


def test_no_other_spelling_of_a_link_opens_it(app: Flask, asked: Asked) -> None:
    """Base64 leaves bits over in its last sign; padding, spaces and look-alikes are no spelling of ours either."""
    token = asked.token
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = {token[:-1] + sign for sign in signs} - {token}
    spellings |= {token + end for end in ("=", "==", ".", " ", "\n", "\0", "\u200b")}
    spellings |= {token.replace("-", "+").replace("_", "/"), token.translate({ord(a): ord("а") for a in "a"})} - {token}
    spellings |= {"\ud800", token[:22], token[:22] + "\ud800" * 22, "\0" * 44, "é" * 44, "A" * 200_000, ""}
    with app.app_context():
        assert [spelling for spelling in spellings if read_token("rate", spelling)] == []


def test_every_wrong_link_costs_the_same_work(app: Flask, stranger: Browser, asked: Asked) -> None:
    """Whether the row exists, the purpose or the key is another: the same statements, so the same time."""
    with app.app_context():
        public_id = asked.token[:22]
        other_purpose, unknown = make_token("unsubscribe", public_id), make_token("password", "x" * 22)
        app.config["PORTAL_LINK_KEYS"] = [OLD]
        other_key = make_token("rate", public_id)
        app.config["PORTAL_LINK_KEYS"] = [LINK_KEY]
    wrong = [other_purpose, unknown, other_key, asked.token[:-1], "x" * 44, "x", "A" * 5000]
    for method in ("GET", "POST"):
        work = [stranger.open(f"/r/{token}", method=method) for token in wrong]
        assert all(is_refused(page) for page in work)
        assert len({tuple(page.statements) for page in work}) == 1
        assert len({said_to(page) for page in work}) == 1


def test_keys_rotate_as_the_installation_lists_them_newest_first(
    app: Flask, agency: Agency, mailbox: Mailbox, database: Database, tmp_path, time_machine
) -> None:
    def restart(listed: str) -> Browser:
        app.config["PORTAL_LINK_KEYS"] = config.link_keys({"PORTAL_LINK_KEYS": listed}, tmp_path)
        return open_browser(app, chosen="en")

    restart(OLD)
    before = read(plan_asked_visit(agency, database), mailbox.one())
    browser = restart(f" {NEW} , {OLD},")
    assert browser.get(before.link).status == 200, "a link of last year opens during the overlap"
    with app.app_context():
        new = make_token("rate", before.token[:22])
    assert new != before.token
    assert browser.get(f"/r/{new}").status == 200, "the newest seals"
    time_machine.shift(timedelta(hours=1))
    browser = restart(NEW)
    for closed in (before.link, before.unsubscribe):
        assert is_refused(browser.get(closed)), "after the overlap it does not"
        assert is_refused(browser.post(closed, data={"stars": "5"}))
    assert browser.get(f"/r/{new}").form("Save").submit(stars="4").h1 == "Thank you"
    assert database.count(Rating) == 1


def test_the_link_of_a_visit_that_was_set_back_opens_nothing_more(
    stranger: Browser, asked: Asked, agency: Agency, database: Database
) -> None:
    form = stranger.get(asked.link).form("Save")
    with database.writing():
        reopen_visit(agency.sofia.user, db.session.get_one(Visit, asked.visit))
    for page in (stranger.get(asked.link), form.submit(stars="5")):
        assert page.status == 410
        assert page.h1 == "This link is no longer needed"
    assert database.count(Rating) == 0


@pytest.mark.parametrize("sent", [b"List-Unsubscribe=One-Click", b""])
def test_a_mail_program_needs_no_cookie_no_token_and_no_redirect(
    app: Flask, asked: Asked, database: Database, sent: bytes
) -> None:
    for _ in range(2):
        page = open_browser(app).post(
            asked.unsubscribe, data=sent, content_type="application/x-www-form-urlencoded",
            headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"},
        )  # fmt: skip
        assert page.status == 200
        assert "Set-Cookie" not in page.headers
        assert "Location" not in page.headers
    assert database.count(RequestChoice) == 1
