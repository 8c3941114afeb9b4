"""The link in a rating mail: one answer, no sign-in, and nothing to gain for who changes or finds it."""

import string
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.models import Throttle
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.links import make_token, read_token
from portal.logs import HEADER
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.models import FormerRating, Rating, RatingRequest, SuspectAnswer
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests.conftest import LINK_KEY, Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import NOON, Agency, rate
from tests.pages import Browser, Page
from tests.ratings.conftest import Asked, plan_asked_visit, read

SIGNS = string.ascii_letters + string.digits + "-_"


def is_refused(page: Page) -> bool:
    """The one answer to all links that are not ours."""
    return page.status == 404 and page.h1 == "This link does not open"


def said_to(page: Page) -> tuple:
    """All of an answer but its number in the log."""
    return page.status, page.html, tuple(sorted(pair for pair in page.headers.items() if pair[0] != HEADER))


def said(database: Database) -> tuple:
    return database.one(
        select(Rating.stars, Rating.comment, Rating.channel, Rating.author_role, Rating.author_account_id)
    )


# ---- its language ----


def test_every_page_behind_a_link_is_in_the_language_of_its_mail_unless_another_is_chosen(
    app: Flask, asked: Asked, database: Database
) -> None:
    reader = open_browser(app)  # an English browser, whose owner has chosen nothing
    page = reader.get(asked.link)
    assert (page.at("html")["lang"], page.title) == ("fr", "Votre évaluation · Maison & Soins")
    assert "Maison & Soins reads your answer." in page.link("EN").click().words
    assert page.link("Vos données personnelles").click().at("html")["lang"] == "fr"
    assert reader.get(asked.unsubscribe).at("html")["lang"] == "fr"
    assert page.form("Enregistrer").submit().at("html")["lang"] == "fr", "refused"
    assert page.form("Enregistrer").submit(stars="4").h1 == "Merci"
    assert reader.get(asked.link).h1 == "Vous avez déjà répondu"
    assert open_browser(app, chosen="en").get(asked.link).h1 == "You have already answered"
    with database.writing():
        db.session.get_one(Client, database.one(select(Visit.client_id).where(Visit.id == asked.visit))).active = False
    assert reader.get(asked.link).h1 == "Ce lien n’est plus utile"
    assert reader.get("/r/nothing").at("html")["lang"] == "en", "of a link that is not ours nothing is known"


# ---- what it is for ----


def test_a_client_rates_in_two_taps(stranger: Browser, asked: Asked, database: Database) -> None:
    page = stranger.get(f"{asked.link}?stars=4")
    assert page.at('input[name="stars"][checked]')["value"] == "4"
    page = page.form("Save").submit(comment="Merci Wassim")
    assert page.status == 200
    assert page.h1 == "Thank you"
    assert said(database) == (4, "Merci Wassim", "mail", "client", None)
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.left"))
    assert (entry.account_id, entry.subject_id, entry.after) == (None, asked.visit, {"stars": 4, "channel": "mail"})


@pytest.mark.parametrize("stars", range(6))
def test_every_star_of_the_mail_preselects_and_counts(
    stranger: Browser, asked: Asked, database: Database, stars: int
) -> None:
    assert f"{asked.link}?stars={stars}" in text_of(asked.mail)
    assert f"{asked.link}?stars={stars}" in text_of(asked.mail, "html")
    page = stranger.get(f"{asked.link}?stars={stars}")
    assert page.at('input[name="stars"][checked]')["value"] == str(stars)
    page.form("Save").submit()
    assert said(database)[0] == stars


@pytest.mark.parametrize("stars", ["", "6", "-1", "4.0", "abc", "%00", "%F0%9F%99%82", "%ED%A0%80"])
def test_a_star_that_there_is_not_preselects_nothing(stranger: Browser, asked: Asked, stars: str) -> None:
    page = stranger.get(f"{asked.link}?stars={stars}")
    assert page.status == 200
    assert not page.soup.select('input[name="stars"][checked]')


def test_without_a_star_the_comment_stays(stranger: Browser, asked: Asked, database: Database) -> None:
    page = stranger.get(asked.link).form("Save").submit(comment="J’ai oublié l’étoile")
    assert page.status == 422
    assert page.errors() == ["Please choose a number of stars."]
    assert [tag["name"] for tag in page.soup.select("[autofocus]")] == ["stars"], "where the keyboard is led"
    assert "J’ai oublié l’étoile" in page.at("textarea").get_text()
    assert database.count(Rating) == 0


def test_a_comment_that_is_too_long_stays(stranger: Browser, asked: Asked, database: Database) -> None:
    page = stranger.get(asked.link).form("Save").submit(stars="4", comment="x" * 5001)
    assert page.status == 422
    assert "x" * 5001 in page.at("textarea").get_text()
    assert database.count(Rating) == 0


def test_a_hidden_zero_is_refused(stranger: Browser, asked: Asked, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.offer_zero", "no")
    page = stranger.post(asked.link, data={"stars": "0"})
    assert page.status == 422
    assert page.errors() == ["Please choose between 1 and 5 stars."]
    assert database.count(Rating) == 0


def test_the_page_tells_who_finds_the_mail_nothing_new(stranger: Browser, asked: Asked, agency: Agency) -> None:
    page = stranger.get(asked.link)
    for secret in ("Lefèvre", "claire@example.org", "Haddad", "Moreau"):
        assert secret not in page.html
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert asked.token not in page.title
    assert "Set-Cookie" not in page.headers
    assert "htmx" not in page.html


def test_no_cookie_is_set_by_answering_either(stranger: Browser, asked: Asked) -> None:
    page = stranger.get(asked.link).form("Save").submit(stars="4")
    assert "Set-Cookie" not in page.headers
    assert "Set-Cookie" not in stranger.post(asked.unsubscribe).headers


@pytest.mark.parametrize(("stars", "low"), [("2", True), ("3", False)])
def test_a_low_rating_is_thanked_for_with_other_words(stranger: Browser, asked: Asked, stars: str, low: bool) -> None:
    page = stranger.get(asked.link).form("Save").submit(stars=stars)
    assert ("We are sorry" in page.words) is low


def test_the_page_is_in_the_language_asked_for(stranger: Browser, asked: Asked) -> None:
    assert stranger.get(asked.link + "?stars=3").link("RU").click().at("html")["lang"] == "ru"
    page = stranger.get(asked.link + "?stars=3").link("RU").click()
    assert page.at('input[name="stars"][checked]')["value"] == "3"


# ---- D1, D2: tampering ----


def test_no_change_of_a_single_character_opens_anything(app: Flask, asked: Asked) -> None:
    with app.app_context():
        for position, right in enumerate(asked.token):
            for sign in SIGNS:
                changed = asked.token[:position] + sign + asked.token[position + 1 :]
                assert (read_token("rate", changed) is not None) is (sign == right), changed


def test_changed_tokens_get_the_answer_of_unknown_ones(
    stranger: Browser, asked: Asked, app: Flask, database: Database
) -> None:
    token, half = asked.token, len(asked.token) // 2
    with app.app_context():
        public_id = db.session.scalars(select(Message.public_id).where(Message.kind == "ratings.request")).one()
        others = {make_token(purpose, public_id) for purpose in ("unsubscribe", "password", "Rate", "rate:", "")}
        app.config["PORTAL_LINK_KEYS"] = ["another key, just as long as the first"]
        others.add(make_token("rate", public_id))
        app.config["PORTAL_LINK_KEYS"] = [LINK_KEY]
    flipped = {token[:n] + ("A" if token[n] != "A" else "B") + token[n + 1 :] for n in range(len(token))}
    cases = {token[:n] + token[n].swapcase() + token[n + 1 :] for n in range(len(token)) if token[n].isalpha()}
    cut = {token[:n] for n in range(1, len(token))}
    odd = {token + end for end in ("=", "A", token, "%00", "%20")}
    odd |= {token[half:] + token[:half], "x", "é", "%ED%A0%80", "%00", "%FF", "..", "A" * 200_000}
    before = database.fingerprint()
    answers = set()
    for wrong in others | flipped | cases | cut | odd:
        page = stranger.get(f"/r/{wrong}")
        assert is_refused(page), (wrong, page.status)
        answers.add(said_to(page))
    assert len(answers) == 1, "nothing tells a stranger how close a guess was"
    assert database.fingerprint() == before
    assert stranger.get(asked.link).status == 200


def test_a_wrong_token_records_nothing_when_posted(stranger: Browser, asked: Asked, database: Database) -> None:
    assert is_refused(stranger.post(f"/r/{asked.token[:-1]}", data={"stars": "5"}))
    assert database.count(Rating) == 0
    assert is_refused(stranger.post(f"/unsubscribe/{asked.token}", data={}))


def test_the_link_of_a_mail_that_has_not_left_does_not_open(
    stranger: Browser, agency: Agency, app: Flask, database: Database
) -> None:
    plan_asked_visit(agency, database, hour=20)
    with app.app_context():
        token = make_token("rate", db.session.scalars(select(Message.public_id)).one())
    assert is_refused(stranger.get(f"/r/{token}"))


# ---- D3: looking changes nothing ----


def test_a_hundred_looks_change_nothing_and_the_client_can_still_answer(
    stranger: Browser, asked: Asked, database: Database
) -> None:
    before = database.fingerprint()
    for number in range(50):
        headers = {"User-Agent": f"Scanner/{number}"} | (
            {"Purpose": "prefetch", "Sec-Purpose": "prefetch"} if number % 2 else {}
        )
        url = f"{asked.link}?stars={number % 6}"
        assert stranger.get(url, headers=headers).status == 200
        assert stranger.head(url, headers=headers).status == 200
        assert stranger.head(asked.unsubscribe, headers=headers).status == 200
        assert stranger.get(asked.unsubscribe, headers=headers).status == 200
    assert stranger.open(asked.link, method="OPTIONS").status == 200
    assert database.fingerprint() == before
    assert stranger.get(asked.link).form("Save").submit(stars="5").h1 == "Thank you"


# ---- D4: machines ----


@pytest.mark.parametrize(("seconds", "counts"), [(1, False), (4, False), (6, True)])
def test_an_answer_within_seconds_of_the_mail_is_kept_and_not_counted(
    stranger: Browser,
    just_asked: Asked,
    database: Database,
    time_machine: TimeMachineFixture,
    seconds: int,
    counts: bool,
) -> None:
    left = database.one(select(RatingRequest.asked_at).where(RatingRequest.asked_at.is_not(None)))
    time_machine.move_to(left + timedelta(seconds=seconds))
    page = stranger.post(just_asked.link, data={"stars": "1", "comment": "scanned"})
    assert page.h1 == "Thank you", "a machine learns nothing"
    assert database.count(Rating) == (1 if counts else 0)
    assert database.count(SuspectAnswer) == (0 if counts else 1)


def test_a_suspect_answer_does_not_lock_the_link(
    stranger: Browser, just_asked: Asked, database: Database, time_machine: TimeMachineFixture
) -> None:
    stranger.post(just_asked.link, data={"stars": "1", "comment": "scanned"})
    assert database.one(select(SuspectAnswer.stars, SuspectAnswer.comment, SuspectAnswer.reason)) == (
        1,
        "scanned",
        "too_fast",
    )
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.suspected"))
    assert (entry.subject_id, entry.after) == (just_asked.visit, {"stars": 1, "reason": "too_fast"})
    time_machine.shift(timedelta(minutes=5))
    assert stranger.get(just_asked.link).form("Save").submit(stars="5").h1 == "Thank you"
    assert said(database)[0] == 5


def test_the_field_that_nobody_sees_gives_a_machine_away(stranger: Browser, asked: Asked, database: Database) -> None:
    page = stranger.get(asked.link)
    hidden = page.at('[name="website"]')
    assert hidden.find_parent(attrs={"aria-hidden": "true"})
    assert hidden["tabindex"] == "-1"
    assert page.form("Save").submit(stars="1", website="https://spam.example").h1 == "Thank you"
    assert database.count(Rating) == 0
    assert database.one(select(SuspectAnswer.reason)) == "honeypot"


def test_staff_see_suspect_answers_as_such(
    stranger: Browser,
    just_asked: Asked,
    sign_in: SignIn,
    agency: Agency,
) -> None:
    stranger.post(just_asked.link, data={"stars": "1", "comment": "scanned by a machine"})
    page = sign_in(agency.sofia).get("/staff/ratings")
    assert "scanned by a machine" in page.says(".suspects")
    assert "scanned by a machine" not in sign_in(agency.igor).get("/staff/ratings").html


# ---- D5: once ----


def test_the_first_answer_locks_the_link(stranger: Browser, asked: Asked, database: Database) -> None:
    form = stranger.get(asked.link).form("Save")
    form.submit(stars="4", comment="Le premier mot")
    before = database.fingerprint()
    page = form.submit(stars="1", comment="Un autre")
    assert page.status == 409
    assert page.h1 == "You have already answered"
    assert "What you have just written was not saved: Un autre" in page.words
    page = stranger.get(asked.link + "?stars=1")
    assert page.status == 200
    assert "4 out of 5" in page.words
    assert "Le premier mot" in page.words
    assert page.link("Sign in")
    assert not page.soup.select("form")
    assert database.fingerprint() == before


def test_a_rating_left_on_the_portal_is_shown_without_its_words(
    stranger: Browser, asked: Asked, agency: Agency, database: Database
) -> None:
    with database.writing():
        rate(agency.claire, asked.visit, 3, "Écrit sur le portail")
    page = stranger.get(asked.link)
    assert "3 out of 5" in page.words
    assert "Écrit sur le portail" not in page.html
    assert stranger.post(asked.link, data={"stars": "5"}).status == 409
    assert said(database)[0] == 3


def test_an_agency_may_leave_the_link_open_for_changes(stranger: Browser, asked: Asked, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.lock_public", "no")
    for stars in ("2", "4"):
        assert stranger.get(asked.link).form("Save").submit(stars=stars).h1 == "Thank you"
    again = stranger.get(asked.link)
    assert "You have rated this visit already" in again.words
    assert again.at('input[name="stars"][checked]')["value"] == "4"
    again.form("Save").submit(stars="4", comment="Merci")
    stranger.get(asked.link + "?stars=5").form("Save").submit()
    assert said(database)[:2] == (5, "Merci"), "what is not touched stays"
    stranger.get(asked.link + "?stars=4&lang=ru").form("/r/").submit()
    assert said(database)[0] == 4
    assert database.all(select(FormerRating.stars)) == [2, 4, 4, 5]
    assert database.count(Rating) == 1


def test_of_two_tabs_of_an_open_link_the_second_is_shown_both_and_nothing_typed_is_lost(
    stranger: Browser, asked: Asked, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        set_option(None, "ratings.lock_public", "no")
    first, second = stranger.get(asked.link), stranger.get(asked.link)
    assert first.form("Save").submit(stars="2", comment="Trop court").h1 == "Thank you"
    late = second.form("Save").submit(stars="5", comment="Très bien")
    assert late.status == 409
    assert "Another answer was saved in the meantime" in late.errors()[0]
    assert "Trop court" in late.says(".note .given")
    assert late.form("Save").values()["comment"] == "Très bien"
    assert late.at('input[name="stars"][checked]')["value"] == "5"
    assert said(database)[:2] == (2, "Trop court"), "nothing was written over"
    sign_in(agency.sofia).get(f"/staff/visits/{asked.visit}")
    assert late.form("Save").submit().h1 == "Thank you", "who has seen both means it"
    assert said(database)[:2] == (5, "Très bien")
    assert stranger.post(asked.link, data={"seen": "nothing"}).status == 409, "before anything else is asked of them"


# ---- D6: expiry ----


@pytest.mark.parametrize(
    "asked_on", [NOON, datetime(2026, 10, 20, 10, tzinfo=UTC), datetime(2027, 3, 23, 10, tzinfo=UTC)]
)
def test_a_link_works_for_fourteen_days_to_the_second(
    stranger: Browser,
    agency: Agency,
    mailbox: Mailbox,
    database: Database,
    time_machine: TimeMachineFixture,
    asked_on: datetime,
) -> None:
    time_machine.move_to(asked_on)
    asked = read(plan_asked_visit(agency, database, hour=8), mailbox.one())
    ends = database.one(select(RatingRequest.expires_at).where(RatingRequest.asked_at.is_not(None)))
    assert timedelta(0) <= ends - asked_on - timedelta(days=14) < timedelta(seconds=30)
    time_machine.move_to(ends - timedelta(seconds=1), tick=False)
    form = stranger.get(f"{asked.link}?lang=en").form("Save")
    time_machine.move_to(ends + timedelta(seconds=1), tick=False)
    page = form.submit(stars="4")
    assert page.status == 410
    assert page.h1 == "This link has expired"
    assert page.link("Sign in"), "an expired link offers the portal"
    assert database.count(Rating) == 0
    time_machine.move_to(ends - timedelta(seconds=1), tick=False)
    assert form.submit(stars="4").h1 == "Thank you"


@pytest.mark.parametrize(("days", "waits"), [(60, True), (10, False)])
def test_an_expired_link_leads_to_the_portal_only_where_the_visit_still_waits(
    stranger: Browser, asked: Asked, database: Database, time_machine: TimeMachineFixture, days: int, waits: bool
) -> None:
    with database.writing():
        set_option(None, "ratings.portal_days", str(days))
    time_machine.shift(timedelta(days=15))
    page = stranger.get(asked.link)
    assert page.h1 == "This link has expired"
    assert ("You can still leave your rating" in page.words) is waits
    assert ("too long ago to be rated" in page.words) is not waits


def test_an_expired_link_that_was_answered_shows_the_answer(
    stranger: Browser, asked: Asked, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        set_option(None, "ratings.lock_public", "no")
        set_option(None, "ratings.change_days", "30")
    stranger.get(asked.link).form("Save").submit(stars="4")
    time_machine.shift(timedelta(days=15))
    page = stranger.get(asked.link)
    assert "too long ago" not in page.words
    assert page.soup.select("form[method=post]") == []
    assert "4" in page.words and page.status == 200


# ---- D7: taken back ----


def cancel(agency: Agency, asked: Asked) -> None:
    cancel_visit(agency.sofia.user, db.session.get_one(Visit, asked.visit), "Erreur de planning")


def change_address(agency: Agency, asked: Asked) -> None:
    db.session.get_one(Client, agency.claire.id).email = "claire.lefevre@example.org"


def close_file(agency: Agency, asked: Asked) -> None:
    db.session.get_one(Client, agency.claire.id).active = False


def switch_off(agency: Agency, asked: Asked) -> None:
    set_option(None, "ratings.enabled", "no")


def switch_off_clients(agency: Agency, asked: Asked) -> None:
    set_option(None, "ratings.client_ratings", "no")


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (cancel, "This link is no longer needed"),
        (change_address, "This link has been closed"),  # the visit waits on the portal
        (close_file, "This link is no longer needed"),
        (switch_off, "This link is no longer needed"),
        (switch_off_clients, "This link is no longer needed"),
    ],
)
def test_a_link_that_was_taken_back_records_nothing(
    stranger: Browser,
    asked: Asked,
    agency: Agency,
    database: Database,
    deed: Callable[[Agency, Asked], None],
    said: str,
) -> None:
    form = stranger.get(asked.link).form("Save")
    with database.writing():
        deed(agency, asked)
    for page in (stranger.get(asked.link), form.submit(stars="5")):
        assert page.status == 410
        assert page.h1 == said
    assert database.count(Rating) == 0


def test_a_link_survives_a_new_session_key_and_overlapping_link_keys(asked: Asked, app: Flask) -> None:
    old = app.config["PORTAL_LINK_KEYS"]
    app.config["SECRET_KEY"] = "another secret for sessions, long enough"
    app.config["PORTAL_LINK_KEYS"] = ["the new link key, also long enough", *old]
    assert open_browser(app).get(asked.link).status == 200
    assert open_browser(app).get(asked.unsubscribe).status == 200
    app.config["PORTAL_LINK_KEYS"] = ["the new link key, also long enough"]
    assert is_refused(open_browser(app).get(asked.link))
    assert is_refused(open_browser(app).get(asked.unsubscribe))


# ---- D9: limits ----


def test_thirty_wrong_answers_from_one_place_are_slowed_down_and_right_ones_are_not(
    stranger: Browser, asked: Asked, database: Database, time_machine: TimeMachineFixture
) -> None:
    for number in range(30):
        assert stranger.post(f"/r/{number}", data={"stars": "1"}).status == 404
    page = stranger.post("/r/another", data={"stars": "1"})
    assert page.status == 429
    assert stranger.get("/r/another").status == 429
    assert stranger.get(asked.link).status == 200
    assert stranger.post(asked.link, data={"stars": "4"}).h1 == "Thank you", "the neighbour behind the same address"
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert stranger.post("/r/another", data={"stars": "1"}).status == 404


def test_looking_at_wrong_links_is_not_counted(stranger: Browser, agency: Agency, database: Database) -> None:
    for number in range(40):
        assert stranger.get(f"/r/{number}").status == 404
    assert database.count(Throttle) == 0


def test_who_reads_the_answer_is_said_before_it_is_given(
    stranger: Browser, asked: Asked, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    sentence = "The workers who came can read the stars, and your words only if it passes them on."
    pages = [(stranger, asked.link), (sign_in(agency.claire), f"/client/visits/{asked.visit}/rating")]
    for browser, address in pages:
        assert "Maison & Soins reads your answer." in browser.get(address).words
        assert sentence not in browser.get(address).words
    with database.writing():
        set_option(None, "ratings.workers_see", "true")
    for browser, address in pages:
        assert sentence in browser.get(address).words
