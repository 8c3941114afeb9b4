"""What the agency answers a client who has left a rating."""

from html import unescape

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.choices import note_choice
from portal.ratings.models import Rating, RatingReply
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import AGENCY, Agency, Persona, rate
from tests.pages import Page

ANSWER = "Merci, madame.\nNous vous appelons demain."


@pytest.fixture
def rating(agency: Agency, database: Database, mailbox: Mailbox) -> int:
    return given(agency.claire, agency, database, mailbox)


def given(who: Persona, agency: Agency, database: Database, mailbox: Mailbox) -> int:
    with database.writing():
        made = rate(who, agency.claires_done, 4, "Bien, merci").id
    mailbox.collect()
    return made


def answer(sign_in: SignIn, agency: Agency, text: str = ANSWER) -> Page:
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}").link("Answer the client").click()
    return page.form("Send the answer").submit(text=text)


def addresses(mailbox: Mailbox) -> list[str]:
    return [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()]


def test_the_client_reads_the_answer_on_the_portal_and_in_a_mail(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    page = answer(sign_in, agency)
    assert page.location == f"/staff/visits/{agency.claires_done}"
    page = page.follow()
    assert "Nous vous appelons demain." in page.says("section .reply")
    assert "Sofia Benali answered the client" in page.words
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == agency.claire.email
    assert "Nous vous appelons demain." in text_of(mail)
    assert f"/client/visits/{agency.claires_done}/rating/said" in text_of(mail)
    for secret in ("Bien, merci", "Aide au lever", "Claire", "4"):
        assert secret not in mail["Subject"]
    claire = sign_in(agency.claire)
    said = claire.get("/client/visits").link("Reply of the agency").click()
    assert "Merci, madame. Nous vous appelons demain." in said.says(".reply")
    assert "Sofia Benali" in said.says(".reply")
    assert "answered" in sign_in(agency.sofia).get("/staff/ratings").says(f"#rating-{rating}")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.replied"))
    reply = database.one(select(RatingReply.id))
    assert (entry.account_id, entry.subject_id, entry.after) == (
        agency.sofia.account_id, agency.claires_done, {"reply": reply},
    )  # fmt: skip
    assert database.one(select(Rating.version)) == 1, "who is just changing the rating is not disturbed"


def test_several_answers_are_possible_and_each_is_mailed(
    agency: Agency, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    answer(sign_in, agency, "Première réponse")
    answer(sign_in, agency, "Seconde réponse")
    assert [("Première" in text_of(mail), "Seconde" in text_of(mail)) for mail in mailbox.collect()] == [
        (True, False), (False, True),
    ]  # fmt: skip
    page = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating/said")
    assert len(page.soup.select(".reply")) == 2


def test_who_presses_twice_sends_one_answer(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    window = sign_in(agency.sofia).get(f"/staff/ratings/{rating}/reply").form("Send the answer")
    assert window.submit(text=ANSWER).status == 303
    page = window.submit(text=ANSWER)
    assert (page.status, page.errors()) == (409, ["This answer has been sent already."])
    assert "Nous vous appelons demain." in page.at("textarea").get_text()
    assert len(mailbox.collect()) == database.count(RatingReply) == 1


def test_the_mail_goes_to_whoever_gave_the_rating(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn
) -> None:
    given(agency.paul, agency, database, mailbox)
    answer(sign_in, agency)
    assert addresses(mailbox) == [agency.paul.email]


def test_who_wants_no_rating_requests_gets_answers_all_the_same(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    with database.writing():
        note_choice(agency.sofia.user, db.session.get_one(Visit, agency.claires_done), wanted=False)
    answer(sign_in, agency)
    assert addresses(mailbox) == [agency.claire.email]


def test_without_an_address_the_answer_stands_on_the_portal_alone(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email = None
        for relative in claire.relatives:
            relative.email = None
    page = sign_in(agency.sofia).get(f"/staff/ratings/{rating}/reply")
    assert "the answer stands on the portal alone" in page.words
    page.form("Send the answer").submit(text=ANSWER)
    assert mailbox.collect() == []
    assert database.all(select(Message.state, Message.reason).where(Message.kind == "ratings.reply")) == [
        ("suppressed", "no_address")
    ]
    assert sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating/said").soup.select(".reply")


def test_with_the_module_off_no_answer_leaves(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    answer(sign_in, agency)
    with database.writing():
        set_option(None, "ratings.enabled", "off")
    assert mailbox.collect() == []
    assert database.one(select(Message.reason).where(Message.kind == "ratings.reply")) == "module_off"
    assert sign_in(agency.sofia).get(f"/staff/ratings/{rating}/reply").status == 404
    assert sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating/said").status == 404


def test_bad_input_is_said_at_the_field(agency: Agency, database: Database, sign_in: SignIn, rating: int) -> None:
    form = sign_in(agency.sofia).get(f"/staff/ratings/{rating}/reply").form("Send the answer")
    before = database.fingerprint()
    empty = "Please write an answer."
    for text, error in (("", empty), ("  \n ", empty), ("é" * 2001, "Please use at most 2,000 characters.")):
        page = form.submit(text=text)
        assert (page.status, page.errors()) == (422, [error])
        assert text.strip() in page.at("textarea").get_text()
    assert database.fingerprint() == before


def test_what_is_written_is_shown_as_it_was_written(
    agency: Agency, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    text = "<b>gras</b> {{ 7*7 }} \"'><script>alert(1)</script> 🙂 да"
    answer(sign_in, agency, text)
    assert text in text_of(mailbox.one())
    page = sign_in(agency.claire).get(f"/client/visits/{agency.claires_done}/rating/said")
    assert text in page.says(".reply")


def test_only_who_may_read_the_rating_reads_and_writes_answers(
    agency: Agency, database: Database, sign_in: SignIn, rating: int
) -> None:
    answer(sign_in, agency)
    path, igor, denis = f"/staff/ratings/{rating}/reply", sign_in(agency.igor), sign_in(agency.denis)
    before = database.fingerprint()
    assert igor.get(path).status == 404
    assert igor.act(path, {"text": ANSWER}).status == 404
    assert denis.get(f"/client/visits/{agency.claires_done}/rating/said").status == 404
    assert database.fingerprint() == before


def test_the_mail_claims_not_that_its_reader_has_left_what_the_agency_has_typed(
    agency: Agency, mailbox: Mailbox, sign_in: SignIn
) -> None:
    window = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}/rating").form("Save")
    assert window.submit(stars="4", how="telephone").status == 303
    mailbox.collect()
    answer(sign_in, agency)
    mail = mailbox.one()
    for text in (text_of(mail), unescape(text_of(mail, "html"))):
        assert "vous avez laissé" not in text
        assert "parce que cette intervention a été évaluée" in text


def test_the_mail_is_written_in_the_readers_language_and_its_subject_says_nothing_of_their_care(
    app: Flask, agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, rating: int
) -> None:
    for language in ("fr", "ru", "en"):
        with database.writing():
            db.session.get_one(Client, agency.claire.id).language = language
        answer(sign_in, agency, f"Votre diabète : nous en parlons demain ({language}).")
        mail = mailbox.one()
        with app.app_context(), force_locale(language):
            assert mail["Subject"] == gettext("%(agency)s has answered you", agency=AGENCY)
            why = gettext("You receive this message because this visit has been rated.")
            hello = gettext("Hello %(name)s,", name="Claire Lefèvre")
        assert text_of(mail).startswith(hello)
        assert not any(line.startswith(("Elle ", "Она ", "It ")) for line in text_of(mail).splitlines())
        for text in (text_of(mail), text_of(mail, "html")):
            assert "Votre diabète" in text
            assert why in unescape(text)
