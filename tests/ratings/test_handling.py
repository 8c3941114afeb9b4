"""How an incident was handled, as its client rates it: by the same mails and links, and apart from what is said of
visits. Each visit stands once in every list and figure, whatever is said of its incidents."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select, text
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, State
from portal.outbox.models import Message
from portal.people.models import Relative
from portal.ratings.actions import answer_link, leave_rating
from portal.ratings.handling import handling_of
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.opened import by_request
from portal.ratings.queries import missing_requests
from portal.settings.actions import set_option
from portal.visits.actions import end_visits
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency, rate
from tests.pages import Browser, Page
from tests.ratings.conftest import read

HANDLING = select(Message.state, Message.reason).where(Message.kind == "ratings.handling").order_by(Message.id)
QUESTION = "How was your incident handled?"


def close(database: Database, agency: Agency, incident: int, *, ask: bool = True) -> None:
    with database.writing():
        one = db.session.get_one(Incident, incident)
        move_incident(agency.sofia.user, one, State.CLOSED, one.version, Closing("settled", "", ask))


def reopen(database: Database, agency: Agency, incident: int) -> None:
    with database.writing():
        one = db.session.get_one(Incident, incident)
        move_incident(agency.sofia.user, one, State.REOPENED, one.version)


def rate_handling(database: Database, agency: Agency, incident: int, stars: int, comment: str = "") -> None:
    with database.writing():
        subject, _rating = handling_of(incident) or (None, None)
        leave_rating(agency.claire.user, subject, stars, comment)


@pytest.fixture
def reported(agency: Agency, database: Database) -> int:
    """Wassim has reported an incident on a visit of Claire's, which is done by now."""
    with database.writing():
        incident = factories.incident(agency.wassim, agency.claires_past, "Voilà.")
        end_visits(None, [db.session.get_one(Visit, agency.claires_past)], ask=False)
        return incident.id


@pytest.fixture
def handled(agency: Agency, database: Database, reported: int) -> int:
    """It is closed, and Claire is asked how it was handled."""
    close(database, agency, reported)
    return reported


def thread_of(browser: Browser, incident: int) -> Page:
    return browser.get(f"/staff/incidents/{incident}").follow()


def test_staff_ask_as_they_close_and_the_client_answers_by_mail_in_their_language(
    agency: Agency, database: Database, reported: int, sign_in: SignIn, mailbox: Mailbox, stranger: Browser,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    sofia = sign_in(agency.sofia)
    form = thread_of(sofia, reported).link("Close the incident").click().form("Save")
    page = form.submit(outcome="settled", ask="y").follow()
    assert "The client was asked and has not answered yet." in page.says("#handling")
    mail = next(one for one in mailbox.collect() if "How" not in one["Subject"] and "/r/" in text_of(one))
    said = text_of(mail)
    assert mail["To"].addresses[0].addr_spec == agency.claire.email
    assert "Wassim" not in said and "Motif" not in said and "Voilà" not in said
    time_machine.shift(timedelta(minutes=10))
    link = read(0, mail).link
    page = stranger.get(f"{link}?stars=4")
    assert page.h1 == QUESTION
    assert page.form("Save").submit(comment="Vite réglé").status == 200
    assert "You have already answered" in stranger.get(link).words
    page = thread_of(sofia, reported)
    assert "How the client rated the handling" in page.says("#handling") and QUESTION not in page.words
    assert "4 out of 5" in page.says("#handling") and "Vite réglé" in page.says("#handling")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.left"))
    assert (entry.subject_type, entry.subject_id) == ("incident", reported)
    row = sofia.get("/staff/incidents?period=this_month").says("#result .control-table tbody")
    assert "4 out of 5" in row
    assert "How the handling was rated 4.0 / 5 n = 1" in sofia.get("/staff/incidents?period=this_month").words
    assert len(page.statements) <= 12


def test_on_the_portal_the_client_rates_and_changes_it_and_nobody_else_does(
    agency: Agency, database: Database, handled: int, sign_in: SignIn
) -> None:
    thread = database.one(select(Incident.thread_id).where(Incident.id == handled))
    claire, url = sign_in(agency.claire), f"/client/incidents/{handled}/rating"
    page = claire.get(f"/client/threads/{thread}").link("Leave a rating").click()
    assert QUESTION in page.says("form legend") and "Wassim" not in page.words
    assert page.form("Save").submit().status == 422
    late = page.form("Save")
    page = page.form("Save").submit(stars="1", comment="Trop long").follow()
    assert "1 out of 5" in page.says("#handling") and "Low" not in page.says("#handling")
    late = late.submit(stars="4")
    assert late.status == 409 and "How this incident was handled has been rated in the meantime." in late.words
    page.link("Change my rating").click().form("Save").submit(stars="5", comment="Mieux")
    assert database.one(select(Rating.stars)) == 5
    assert "#handling" not in sign_in(agency.wassim).get(f"/worker/threads/{thread}").html
    assert "Mieux" not in sign_in(agency.wassim).get(f"/worker/threads/{thread}").words
    assert sign_in(agency.denis).get(url).status == 404
    assert sign_in(agency.denis).act(url, {"stars": "0"}).status == 404
    with database.writing():
        paul = db.session.get_one(Relative, agency.paul.id)
        paul.sees_threads, paul.may_rate = True, False
    assert sign_in(agency.paul).act(url, {"stars": "0"}).status == 409
    with database.writing():
        set_option(None, "ratings.enabled", "off")
    assert claire.get(url).status == 404
    assert "#handling" not in claire.get(f"/client/threads/{thread}").html
    assert database.one(select(Rating.stars)) == 5


# every page on which a visit, a rating, a figure of ratings or a request stands, by who opens it
EVERYWHERE = (
    ("claire", "/client/visits"), ("paul", "/client/visits"), ("wassim", "/worker/"), ("wassim", "/worker/week"),
    *((who, path) for who in ("sofia", "ines") for path in (
        "/staff/visits", "/staff/visits?state=done", "/staff/ratings", "/staff/ratings?low=1",
        "/staff/ratings?unseen=1", "/staff/ratings?stars=0", "/staff/controls/quality?period=this_year",
        "/staff/clients/{claire.id}", "/staff/clients/{claire.id}/ratings", "/staff/clients/{claire.id}/workers",
        "/staff/clients/{claire.id}/timeline", "/staff/clients/{claire.id}/planning", "/staff/workers/{wassim.id}",
        "/staff/workers/{wassim.id}/ratings", "/staff/workers/{wassim.id}/clients", "/staff/visits/{claires_past}",
        "/staff/visits/{claires_done}", "/staff/visits/{claires_done}/rating/request",
    )),
)  # fmt: skip


def seen(sign_in: SignIn, agency: Agency) -> dict[tuple[str, str], str]:
    """What everybody reads everywhere. The staff's home page has a place of its own for what is said of handlings."""
    found = {}
    for who, path in EVERYWHERE:
        page = sign_in(getattr(agency, who)).get(path.format_map({name: getattr(agency, name) for name in (
            "claire", "wassim", "claires_past", "claires_done")}))  # fmt: skip
        assert page.status in (200, 409), (who, path)
        found[who, path] = " ".join(page.soup.get_text(" ").split())
    return found


@pytest.mark.parametrize("visit_stars", [4, None], ids=["rated", "waiting"])
def test_a_visit_with_both_ratings_stands_once_in_every_list_and_figure(
    visit_stars: int | None, agency: Agency, database: Database, handled: int, sign_in: SignIn, mailbox: Mailbox,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    with database.writing():
        rate(agency.claire, agency.claires_done, 3)
        if visit_stars is not None:
            rate(agency.claire, agency.claires_past, visit_stars, "Très bien")
    time_machine.shift(timedelta(hours=1))  # what was said some seconds ago was said longer ago a page later
    mailbox.collect()
    before = seen(sign_in, agency)
    rate_handling(database, agency, handled, 0, "Lamentable")
    mailbox.collect()
    after = seen(sign_in, agency)
    for where, words in before.items():
        assert after[where] == words, where
    assert not [where for where, words in after.items() if "Lamentable" in words]
    lists = ("/staff/ratings", "/staff/controls/quality?period=this_year")
    assert all(after["sofia", path].count("Très bien") == (visit_stars is not None) for path in lists)


def test_what_is_asked_of_a_handling_takes_no_visit_its_turn_and_waits_for_none(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, visit: Callable[..., int],
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    mailbox.collect()
    assert database.all(HANDLING) == [("sent", None)]
    first = visit()
    time_machine.shift(timedelta(days=1))
    mailbox.collect()
    sent = select(Message.state).join(RatingSubject, RatingSubject.id == Message.subject_id)
    assert database.one(sent.where(RatingSubject.visit_id == first, Message.kind == "ratings.request")) == "sent"
    with database.writing():
        second = factories.incident(agency.sofia, agency.claires_done).id
    close(database, agency, second)
    mailbox.collect()
    assert database.all(HANDLING) == [("sent", None)] * 2, "asked yesterday about a visit: that is another thing"
    with database.app.app_context():
        assert missing_requests() == []


def test_an_incident_that_is_open_again_is_not_asked_about_until_it_is_closed_once_more(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, sign_in: SignIn
) -> None:
    reopen(database, agency, handled)
    assert database.all(HANDLING) == [("cancelled", "incident_open")]
    close(database, agency, handled, ask=False)
    assert len(database.all(HANDLING)) == 1, "asked is who is to be asked"
    reopen(database, agency, handled)
    close(database, agency, handled)
    assert [state for state, _reason in database.all(HANDLING)] == ["cancelled", "scheduled"]
    rate_handling(database, agency, handled, 5)
    assert database.all(HANDLING)[1] == ("cancelled", "already_rated")
    reopen(database, agency, handled)
    closing = thread_of(sign_in(agency.sofia), handled).link("Close the incident").click()
    assert closing.form("Save").values()["version"] and not closing.soup.select("[name=ask]")
    close(database, agency, handled)
    assert len(database.all(HANDLING)) == 2, "what is rated is not asked about again"


def test_another_incident_on_the_same_visit_takes_the_question_about_the_first_not_back(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox
) -> None:
    with database.writing():
        second = factories.incident(agency.claire, agency.claires_past).id
    close(database, agency, second, ask=False)
    reopen(database, agency, second)
    assert database.all(HANDLING) == [("scheduled", None)]
    assert [mail for mail in mailbox.collect() if "/r/" in text_of(mail)], "it leaves while the second is open"
    assert database.all(HANDLING) == [("sent", None)]


def test_where_incidents_are_switched_off_their_handling_is_neither_asked_about_nor_rated(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, sign_in: SignIn
) -> None:
    thread = database.one(select(Incident.thread_id).where(Incident.id == handled))
    with database.writing():
        set_option(None, "incidents.enabled", "off")
    claire = sign_in(agency.claire)
    assert claire.get(f"/client/incidents/{handled}/rating").status == 404
    assert claire.act(f"/client/incidents/{handled}/rating", {"stars": "0"}).status == 404
    page = claire.get(f"/client/threads/{thread}")
    assert page.status == 200 and not page.soup.select("#handling")
    mailbox.collect()
    assert database.all(HANDLING) == [("suppressed", "incidents_off")]


def test_a_reminder_follows_and_a_client_who_wants_no_requests_is_not_asked(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, time_machine: TimeMachineFixture,
    stranger: Browser,
) -> None:  # fmt: skip
    mail = next(one for one in mailbox.collect() if "/r/" in text_of(one))
    time_machine.shift(timedelta(days=6))
    reminder = next(one for one in mailbox.collect() if "/r/" in text_of(one) and one["Subject"] != mail["Subject"])
    assert "Rappel" in reminder["Subject"] or "reminder" in reminder["Subject"]
    stranger.post(read(0, reminder).unsubscribe, data={"List-Unsubscribe": "One-Click"})
    with database.writing():
        second = factories.incident(agency.sofia, agency.claires_done).id
    close(database, agency, second)
    mailbox.collect()
    assert database.all(HANDLING)[-1] == ("suppressed", "opted_out")


def test_a_link_that_opens_no_more_speaks_of_the_incident_not_of_a_visit(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, stranger: Browser,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    link = read(0, next(one for one in mailbox.collect() if "/r/" in text_of(one))).link
    time_machine.shift(timedelta(days=15))
    assert "asked for above the conversation about your incident" in stranger.get(link).words
    time_machine.shift(timedelta(days=60))
    assert "This incident is too long ago to be rated here." in stranger.get(f"{link}?lang=en").words
    with database.writing():
        set_option(None, "ratings.client_ratings", "off")
    closed = stranger.get(f"{link}?lang=en").words
    assert "nothing to answer about this incident" in closed and "visit" not in closed
    with database.writing():
        set_option(None, "ratings.client_ratings", "on")
        set_option(None, "ratings.portal_days", "365")
    rate_handling(database, agency, handled, 4)
    with database.app.app_context(), pytest.raises(Refused) as late:
        first = db.session.scalars(select(RatingRequest).where(RatingRequest.reminds_id.is_(None))).one()
        answer_link(by_request(first), 2, "", trapped=False)
    assert "How this incident was handled has been rated" in str(late.value.message)


def test_a_low_one_alerts_whoever_answers_for_the_file_with_the_way_to_the_incident(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox, sign_in: SignIn
) -> None:
    mailbox.collect()
    rate_handling(database, agency, handled, 1, "Personne n’a rappelé")
    thread = database.one(select(Incident.thread_id).where(Incident.id == handled))
    mail = next(one for one in mailbox.collect() if f"/staff/threads/{thread}#handling" in text_of(one))
    assert mail["To"].addresses[0].addr_spec == agency.sofia.email and "rappelé" not in text_of(mail)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    for page, place in (
        (thread_of(sofia, handled), "#handling .badge"),
        (sofia.get("/staff/home"), "[data-low] .badge"),
    ):
        assert page.says(place) == "Urgent", "the same word as in the mail"
    listed = sofia.get("/staff/outbox?kind=ratings.handling").words
    assert "Claire Lefèvre" in listed and "Claire" not in igor.get("/staff/outbox").words
    for path in ("/staff/home", f"/staff/threads/{thread}"):
        page = sofia.get(path)
        assert page.form("I have looked at it").values()["next"] == path and len(page.statements) <= 12
    card = sofia.get("/staff/home")
    assert "1 low rating of how an incident was handled" in card.words and "Personne n’a rappelé" in card.words
    assert not card.soup.select("#home-low") and not card.soup.select("nav [href='/staff/ratings'] .count-bubble")
    assert "Personne n’a rappelé" not in igor.get("/staff/home").words
    assert igor.act(f"/staff/incidents/{handled}/rating/look").status == 404
    late = card.form("I have looked at it")
    done = thread_of(sofia, handled).form("I have looked at it").submit().follow()
    assert f"Looked at by {agency.sofia.name}" in done.says("#handling")
    assert (late.submit().status, "home-handling" in sofia.get("/staff/home").html) == (409, False)
    seen = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.looked_at"))
    assert (seen.subject_type, seen.subject_id, seen.after) == ("incident", handled, {"stars": 1})


def test_where_ratings_are_switched_off_nobody_can_ask(
    agency: Agency, database: Database, reported: int, sign_in: SignIn
) -> None:
    with database.writing():
        set_option(None, "ratings.client_ratings", "off")
    form = thread_of(sign_in(agency.sofia), reported).link("Close the incident").click().form("Save")
    assert not form.fields("ask")
    close(database, agency, reported)
    assert database.all(HANDLING) == []


def test_going_back_a_step_loses_ratings_of_handlings_alone(
    agency: Agency, database: Database, handled: int, mailbox: Mailbox
) -> None:
    mailbox.collect()
    with database.writing():
        rate(agency.claire, agency.claires_past, 4, "Très bien")
    rate_handling(database, agency, handled, 0, "Lamentable")
    kept = select(Rating.stars, RatingSubject.visit_id).join(RatingSubject).where(RatingSubject.visit_id.is_not(None))
    visits, number = database.all(kept), database.one(select(func.count(RatingSubject.id)))
    with database.app.app_context():
        downgrade(revision="0009")
        assert db.session.execute(text("SELECT stars FROM rating")).all() == [(4,)]
        assert db.session.execute(text("SELECT count(*) FROM message WHERE kind LIKE 'ratings.handl%'")).scalar() == 0
        db.session.remove()
        upgrade()
    assert database.all(kept) == visits
    assert database.one(select(func.count(RatingSubject.id))) == number - 1
