"""*Redemander une évaluation*: staff ask a client by hand, also anew about what is rated."""

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.again import ask_again
from portal.ratings.models import FormerRating, Rating, RatingRequest
from portal.ratings.on_behalf import Said, type_rating
from portal.ratings.replies import reply
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import NOON, Agency, rate, subject
from tests.ratings.conftest import Asked, plan_asked_visit, read

KIND = (
    "You have rated this visit already, and we thank you. We would like to know how you see it now; your first rating "
    "is kept beside the new one."
)


def ask(sign_in: SignIn, agency: Agency, visit: int) -> str:
    """Sofia asks by hand, from the page of the visit; return what the question said."""
    page = sign_in(agency.sofia).get(f"/staff/visits/{visit}").link("Ask for a rating").click()
    assert page.form("Ask the client").submit().location == f"/staff/visits/{visit}"
    return page.words


def values(database: Database) -> list[tuple]:
    former = database.all(select(FormerRating.stars, FormerRating.channel).order_by(FormerRating.id))
    return [*former, database.one(select(Rating.stars, Rating.channel))]


@pytest.fixture
def rated(agency: Agency, asked: Asked, sign_in: SignIn) -> Asked:
    """A visit that Claire has rated with the link of the mail: two stars."""
    stranger = sign_in(agency.claire)
    assert stranger.post(asked.link, data={"stars": "2", "comment": "Fuite"}).status == 200
    return asked


def test_after_a_repair_the_client_is_asked_again_and_both_ratings_are_kept(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rated: Asked,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    mailbox.collect()
    time_machine.shift(timedelta(days=20, hours=-1))
    words = ask(sign_in, agency, rated.visit)
    assert "The client has given 2 out of 5" in words
    assert "A mail asks Claire Lefèvre (claire@example.org) for a rating. It leaves at once." in words
    assert "Last asked on 17 November 2026" in words
    mail = mailbox.one()
    anew = read(rated.visit, mail)
    claire = sign_in(agency.claire)
    time_machine.shift(timedelta(hours=1))
    assert "You have rated this visit already" in claire.get(f"{anew.link}?lang=en").words
    assert "You have already answered" in claire.get(f"{rated.link}?lang=en").words, "the former link stays locked"
    assert claire.post(rated.link, data={"stars": "0"}).status in (409, 410)
    assert claire.post(anew.link, data={"stars": "5", "comment": "Réparé"}).status == 200
    assert values(database) == [(2, "mail"), (5, "mail")]
    assert claire.post(anew.link, data={"stars": "1"}).status == 409, "one answer locks this link too"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.changed"))
    assert (entry.before, entry.after) == ({"stars": 2}, {"stars": 5, "again": True})
    page = sign_in(agency.sofia).get(f"/staff/visits/{rated.visit}")
    assert "Sofia Benali asked the client for a rating" in page.words
    assert "2 out of 5" in page.says("details .voices")
    deed = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.asked_again"))
    assert (deed.account_id, deed.subject_id) == (agency.sofia.account_id, rated.visit)


def test_on_the_portal_the_client_rates_anew_whatever_the_delay(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 1, "Fuite")
    mailbox.collect()
    time_machine.shift(timedelta(days=100))
    assert "Rate again" not in sign_in(agency.claire).get("/client/visits").words
    ask(sign_in, agency, agency.claires_done)
    claire = sign_in(agency.claire)
    assert "How did the visit of Wassim go?" in claire.get("/client/visits").says(".hero")
    window = claire.get("/client/visits").link("Rate again").click()
    assert "You have rated this visit already." in window.words
    assert not window.soup.select('input[name="stars"][checked]'), "asked how it is now, not what was said then"
    assert window.form("Save").submit(stars="4").status == 303
    assert values(database) == [(1, "portal"), (4, "portal")]
    assert mailbox.collect() == [], "the mail that was to ask stays at home"
    page = claire.get("/client/visits")
    assert "Rate again" not in page.words
    assert page.link("Change"), "the new rating can be changed as long as any"


def test_the_same_rating_given_again_is_an_answer(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 1)
    ask(sign_in, agency, agency.claires_done)
    window = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating")
    assert window.form("Save").submit(stars="1").status == 303
    assert values(database) == [(1, "portal"), (1, "portal")]
    assert database.count(Message, Message.kind == "ratings.very_low") == 2, "low again: the agency is told again"


def test_who_does_not_answer_in_time_keeps_the_former_rating(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 1)
    time_machine.shift(timedelta(days=10))
    ask(sign_in, agency, agency.claires_done)
    time_machine.shift(timedelta(days=15))
    claire = sign_in(agency.claire)
    assert "Rate again" not in claire.get("/client/visits").words
    assert claire.get(f"/client/visits/{agency.claires_done}/rating").status == 409


def test_a_visit_that_nobody_rated_is_asked_about_at_once_in_place_of_the_mail_that_waits(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    with database.writing():
        set_option(None, "ratings.request_delay_minutes", str(5 * 24 * 60))
    visit = plan_asked_visit(agency, database)
    assert mailbox.collect() == []
    ask(sign_in, agency, visit)
    states = select(Message.state, Message.reason).join(RatingRequest).order_by(RatingRequest.round)
    assert database.all(states)[0] == ("cancelled", "asked_again")
    mail = mailbox.one()
    assert "déjà" not in text_of(mail)
    assert database.all(select(RatingRequest.round, RatingRequest.again).order_by(RatingRequest.round)) == [
        (1, False), (2, True),
    ]  # fmt: skip


def test_neither_the_agencys_pace_nor_the_age_of_a_visit_stops_what_is_asked_by_hand(
    agency: Agency, mailbox: Mailbox, sign_in: SignIn, asked: Asked, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(days=9))
    mailbox.collect()  # the reminder of the visit that was asked about
    assert "Last asked on 26 November 2026" in ask(sign_in, agency, agency.claires_done)
    assert read(agency.claires_done, mailbox.one())


def test_mails_leave_at_the_agencys_hours_only(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        set_option(None, "ratings.request_window", "mon-sat 09:00-19:00")
    time_machine.shift(timedelta(hours=9))  # 21:00
    words = ask(sign_in, agency, agency.claires_done)
    assert "Messages leave at certain hours only: this one on 18 November 2026, 9:00." in words
    assert mailbox.collect() == []


def no_address(agency: Agency) -> None:
    claire = db.session.get_one(Client, agency.claire.id)
    claire.email = None
    for relative in claire.relatives:
        relative.email = None


def closed_file(agency: Agency) -> None:
    db.session.get_one(Client, agency.claire.id).active = False


def stopped(agency: Agency) -> None:
    from portal.ratings.choices import note_choice

    note_choice(agency.sofia.user, db.session.get_one(Visit, agency.claires_done), wanted=False)


def switched_off(agency: Agency) -> None:
    set_option(None, "ratings.client_ratings", "off")


@pytest.mark.parametrize(("happened", "why"), [
    (no_address, "Nobody is asked about these visits: there is no e-mail address."),
    (closed_file, "The client’s file is closed, so nobody is asked."),
    (stopped, "This person wants no rating requests, and must not be asked."),
    (switched_off, "Client ratings are switched off, so nobody can be asked."),
])  # fmt: skip
def test_why_nobody_is_asked_is_said_before(
    agency: Agency, database: Database, sign_in: SignIn, happened, why: str
) -> None:
    with database.writing():
        happened(agency)
    sofia, path = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}/rating/request"
    before = database.fingerprint()
    for page in (sofia.get(path), sofia.part(path), sofia.act(path, {"version": "0"})):
        assert (page.status, page.errors()) == (409, [why])
    assert database.fingerprint() == before


def test_a_visit_that_is_not_done_is_not_asked_about(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    for visit in (agency.claires_past, agency.claires_next, agency.claires_cancelled):
        assert sofia.get(f"/staff/visits/{visit}/rating/request").status == 409
        assert sofia.act(f"/staff/visits/{visit}/rating/request", {"version": "0"}).status == 409


def test_two_who_ask_at_once_send_one_mail(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    path = f"/staff/visits/{agency.claires_done}/rating/request"
    hers, his = sign_in(agency.sofia).get(path), sign_in(agency.ines).get(path)
    assert hers.form("Ask the client").submit().status == 303
    page = his.form("Ask the client").submit()
    assert (page.status, page.errors()) == (409, ["The client has just been asked. Look at the visit again."])
    assert len(mailbox.collect()) == 1
    assert database.count(RatingRequest) == 1


def test_a_client_of_another_sector_cannot_be_asked(agency: Agency, database: Database, sign_in: SignIn) -> None:
    igor, path = sign_in(agency.igor), f"/staff/visits/{agency.claires_done}/rating/request"
    before = database.fingerprint()
    assert igor.get(path).status == 404
    assert igor.act(path, {"version": "0"}).status == 404
    assert database.fingerprint() == before


def test_a_mail_that_asks_by_hand_has_no_reminder(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    ask(sign_in, agency, agency.claires_done)
    mailbox.one()
    assert database.count(RatingRequest) == 1


def test_the_mail_asks_kindly_in_the_clients_language(
    app: Flask, agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 4, "Le secret de Claire")
    for language in ("fr", "ru", "en"):
        with database.writing():
            db.session.get_one(Client, agency.claire.id).language = language
        ask(sign_in, agency, agency.claires_done)
        mail = mailbox.one()
        with app.app_context(), force_locale(language):
            assert mail["Subject"].split() == gettext("May we ask you once more about your visit?").split()
            kind_words = " ".join(gettext(KIND).split())
        for text in (text_of(mail), text_of(mail, "html")):
            assert kind_words in " ".join(unescape(text).split())
            assert "secret" not in text


def test_the_page_of_a_visit_with_all_of_it_stays_thrifty(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        said = Said(1, "Au téléphone", "telephone", NOON)
        rating = db.session.get_one(Rating, type_rating(agency.sofia.user, subject(agency.claires_done), said))
        reply(agency.sofia.user, rating, "Nous vous appelons.")
        ask_again(agency.sofia.user, subject(agency.claires_done), rating, 0)
    page = sign_in(agency.ines).get(f"/staff/visits/{agency.claires_done}")
    assert page.words.count("Will leave in a moment") + page.words.count("Waits: no mail server is set") >= 1
    assert len(page.statements) <= 12, "\n".join(page.statements)
