"""The staff's page of one visit: its facts, its deeds, and one timeline of what happened and what is to come."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.outbox.models import Channel, Message
from portal.people.models import Client, Service, Worker
from portal.ratings.actions import change_rating
from portal.ratings.models import SuspectAnswer
from portal.ratings.queries import rating_of
from portal.settings.actions import set_option
from portal.visits.actions import end_visits
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.outbox.test_pages import lines
from tests.pages import Page


def position(page: Page, words: str) -> int:
    """The place of the one line that holds these words."""
    found = [number for number, line in enumerate(lines(page)) if words in line]
    assert len(found) == 1, (words, lines(page))
    return found[0]


def done_and_asked(agency: Agency, database: Database) -> int:
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        return factories.done_visit(claire, rising, [db.session.get_one(Worker, agency.wassim.id)], hour=8, ask=True).id


def test_the_list_leads_to_the_page_and_the_page_back(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.sofia).get("/staff/visits?state=done").link("16 November 9:00–10:00").click()
    assert page.endpoint == "staff.show_visit"
    assert page.link("Wassim Haddad").click().endpoint == "staff.show_worker"
    assert page.link("Visits").click().endpoint == "staff.list_visits"


def test_a_visit_of_another_sector_is_not_there(agency: Agency, sign_in: SignIn) -> None:
    assert sign_in(agency.igor).get(f"/staff/visits/{agency.claires_done}").status == 404


def test_a_visit_is_marked_as_done_on_its_page_and_says_by_whom(agency: Agency, sign_in: SignIn, time_machine) -> None:
    time_machine.shift(timedelta(minutes=5))
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_past}").form("done").submit()
    assert page.location == f"/staff/visits/{agency.claires_past}"
    page = page.follow()
    assert position(page, "Planned") < position(page, "Marked as done by Sofia Benali")
    assert not [form for form in page.soup.select("form") if "/done" in str(form.get("action"))]
    sofia.act(f"/staff/visits/{agency.claires_past}/reopening")
    assert position(sofia.get(f"/staff/visits/{agency.claires_past}"), "Set back to be done by Sofia Benali")


def test_a_cancelled_visit_says_by_whom_and_why(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_next}").link("Cancel").click()
    page = page.form("cancellation").submit(reason="Hospitalisation").follow()
    line = lines(page)[position(page, "Cancelled by Sofia Benali")]
    assert "Hospitalisation" in line


def test_what_is_to_come_stands_apart_at_the_end(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_next}")
    ahead = page.soup.select(".timeline-ahead + .timeline > li")
    assert [" ".join(tag.p.get_text().split()) for tag in ahead if tag.p] == ["The visit begins"]
    assert position(page, "The visit begins") == len(lines(page)) - 1
    assert all(tag.get("title") and tag.get("datetime") for tag in page.soup.select(".timeline time"))


def test_the_whole_story_stands_in_one_line_after_the_other(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine
) -> None:
    visit = done_and_asked(agency, database)
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    assert position(page, "Will leave") > position(page, "Message written down"), "promised, and to come"
    assert not [line for line in lines(page) if "Left" in line]
    mailbox.collect()
    time_machine.shift(timedelta(hours=1))
    with database.writing():
        request = factories.request_of(visit)
        db.session.add(SuspectAnswer(subject_id=request.subject_id, request_id=request.id, stars=5, reason="too_fast"))
    time_machine.shift(timedelta(hours=1))
    with database.writing():
        factories.rate(agency.claire, visit, 1, "Personne n’est venu")
    time_machine.shift(timedelta(hours=1))
    with database.writing():
        rating = rating_of(factories.subject(visit))
        assert rating
        change_rating(agency.paul.user, rating, 2, "", rating.version)
    page = sign_in(agency.sofia).get(f"/staff/visits/{visit}")
    asked = min(n for n, line in enumerate(lines(page)) if line.startswith("Message written down"))
    left = min(n for n, line in enumerate(lines(page)) if line.startswith("Left"))
    suspect, rated = (
        position(page, "no person can have given"),
        position(page, "Claire Lefèvre rated the visit: 1 out of 5"),
    )
    changed = position(page, "Paul Lefèvre changed the rating to 2 out of 5")
    assert asked < left < suspect < rated < changed
    assert len(page.statements) <= 12, "\n".join(s.replace("\n", " ") for s in page.statements)


def test_pressed_and_left_are_two_lines_here_too(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    visit = done_and_asked(agency, database)
    with database.writing():
        message = db.session.scalars(select(Message)).one()
        message.state, message.reason, message.put_aside_at = "suppressed", "no_address", clock.now()
        number = message.id
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    assert "no address to write to" in lines(page)[position(page, "Not sent")]
    sofia.act(f"/staff/outbox/{number}/again")
    page = sofia.get(f"/staff/visits/{visit}")
    assert position(page, "Sofia Benali pressed “Send again”") < position(page, "Will leave")
    assert not [line for line in lines(page) if line.startswith("Left")]
    mailbox.collect()
    page = sofia.get(f"/staff/visits/{visit}")
    assert position(page, "Sofia Benali pressed “Send again”") < position(page, "Left: the mail server took it")
    assert page.link("Left: the mail server took it").click().endpoint == "staff.show_message"


def reminder_of(database: Database, **first: object) -> int:
    """End the first mail as given; return the number of the reminder, which was promised when that was to leave."""
    with database.writing():
        asked = db.session.scalars(select(Message).where(Message.kind == "ratings.request")).one()
        for name, value in first.items():
            setattr(asked, name, value)
        return db.session.scalars(select(Message.id).where(Message.kind == "ratings.reminder")).one()


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled", "suppressed", "uncertain"])
def test_no_reminder_is_announced_of_a_mail_that_did_not_leave(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, state: str
) -> None:
    visit = done_and_asked(agency, database)
    mailbox.one()
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    position(page, "Will leave Reminder of a rating request 21 November")
    assert len(page.statements) <= 12, "\n".join(s.replace("\n", " ") for s in page.statements)
    number = reminder_of(database, state=state, sent_at=None, reason="refused")
    for path in (f"/staff/visits/{visit}", f"/staff/outbox/{number}"):
        page = sofia.get(path)
        assert "the first message did not leave" in lines(page)[position(page, "Will not leave")]
        assert not page.soup.select(".timeline-ahead"), "nothing is to come"
        assert "21 November" not in lines(page)[position(page, "Will not leave")]
    assert "Leaves" not in page.says(".facts")


def test_no_mail_is_announced_to_whoever_wants_none(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    visit = done_and_asked(agency, database)
    mailbox.one()
    sofia = sign_in(agency.sofia)
    sofia.act(f"/staff/visits/{visit}/rating-requests", {"wanted": "no"})
    page = sofia.get(f"/staff/visits/{visit}")
    assert "the person wants no rating requests" in lines(page)[position(page, "Will not leave")]
    sofia.act(f"/staff/visits/{visit}/rating-requests", {"wanted": "yes"})
    position(sofia.get(f"/staff/visits/{visit}"), "Will leave Reminder of a rating request 21 November")


def test_what_was_decided_at_once_was_never_promised(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        set_option(None, "ratings.sampling_percent", "0")
    visit = done_and_asked(agency, database)
    page = sign_in(agency.sofia).get(f"/staff/visits/{visit}")
    assert "not drawn" in lines(page)[position(page, "Not sent")]
    assert not [line for line in lines(page) if "Message written down" in line]


def test_what_was_put_aside_later_names_no_departure(
    agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    visit = done_and_asked(agency, database)
    time_machine.shift(timedelta(hours=1))
    with database.writing():
        message = db.session.scalars(select(Message)).one()
        message.state, message.reason, message.put_aside_at = "suppressed", "capped", clock.now()
    page = sign_in(agency.sofia).get(f"/staff/visits/{visit}")
    assert "to leave" not in lines(page)[position(page, "Message written down")]
    assert position(page, "Message written down") < position(page, "Not sent")


@pytest.mark.parametrize(
    ("channel", "minutes", "said"),
    [
        ({"failing_since": factories.NOON}, 5, "Waits for the mail server"),
        ({"held_since": factories.NOON, "held_why": "Essai"}, 5, "Waits: messages are held"),
        ({}, 1, "Will leave in a moment"),
        ({}, 20, "Waits to be sent"),
        (None, 0, "Waits: no mail server is set"),
    ],
)
def test_a_departure_that_is_past_is_not_to_come(
    agency: Agency, sign_in: SignIn, database: Database, app: Flask, channel: dict | None, minutes: int, said: str
) -> None:
    visit = done_and_asked(agency, database)
    app.config["PORTAL_SMTP_URL"] = None if channel is None else "smtp://nobody.example"
    with database.writing():
        message = db.session.scalars(select(Message)).one()
        message.next_at = clock.now() - timedelta(minutes=minutes)
        db.session.add(Channel(name="mail", **(channel or {})))
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    assert position(page, said) == len(lines(page)) - 1
    assert not page.soup.select(".timeline-ahead + .timeline time")
    page = sofia.get("/staff/outbox")
    assert page.says("#messages tbody tr td:nth-child(5)") == ""
    assert "Leaves" not in page.link("Rating request").click().says(".facts")


def test_a_mail_that_waits_its_turn_says_why(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine
) -> None:
    waits = done_and_asked(agency, database)
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        factories.done_visit(claire, rising, [wassim], hour=10, ask=True)
    mailbox.one()
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{waits}")
    why = "another visit of this client is asked about first"
    assert why in lines(page)[position(page, "Will leave at the earliest")]
    assert why in sofia.get("/staff/outbox").says("#messages")
    time_machine.shift(timedelta(minutes=6))
    assert mailbox.collect() == []
    assert why not in sofia.get("/staff/outbox").says("#messages"), "it waits for that no more"


def test_a_mail_that_waits_for_its_hours_says_so(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine
) -> None:
    visit = done_and_asked(agency, database)
    time_machine.shift(timedelta(hours=11))
    assert mailbox.collect() == []
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    position(page, "Will leave Rating request · messages leave only at certain hours 18 November 2026, 9:00")
    time_machine.shift(timedelta(hours=11))
    mailbox.one()
    assert "certain hours" not in sign_in(agency.sofia).get("/staff/outbox?kind=ratings.request").says("#messages")


def test_a_reopened_visit_says_once_that_its_links_were_closed(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine
) -> None:
    visit = done_and_asked(agency, database)
    mailbox.one()
    time_machine.shift(timedelta(days=4, minutes=5))
    mailbox.one()
    sofia = sign_in(agency.sofia)
    sofia.act(f"/staff/visits/{visit}/reopening")
    position(sofia.get(f"/staff/visits/{visit}"), "The link in the message was closed")


WHY_NOT = {
    "import": "nobody ticked there that its client is asked",
    "module": "The quality follow-up was switched off at that time.",
    "clients": "Client ratings were switched off at that time.",
}


@pytest.mark.parametrize(
    ("off", "reason"),
    [(None, "import"), ("ratings.enabled", "module"), ("ratings.client_ratings", "clients")],
)
def test_why_nobody_was_asked_is_one_reason_after_what_happened_and_stays_so(
    agency: Agency, sign_in: SignIn, database: Database, time_machine, off: str | None, reason: str
) -> None:
    if off:
        with database.writing():
            set_option(None, off, "false")
    time_machine.shift(timedelta(minutes=5))
    sofia = sign_in(agency.sofia)
    if off:
        sofia.act(f"/staff/visits/{agency.claires_past}/done")
    else:
        with database.writing():
            end_visits(agency.sofia.user, [db.session.get_one(Visit, agency.claires_past)], ask=False)
    time_machine.shift(timedelta(minutes=5))
    with database.writing():  # what is chosen later changes nothing of it
        for key in ("ratings.client_ratings", "ratings.enabled"):
            set_option(None, key, "true")
    page = sofia.get(f"/staff/visits/{agency.claires_past}")
    line = lines(page)[position(page, "The client was not asked")]
    assert [known for known, words in WHY_NOT.items() if words in line] == [reason]
    assert position(page, "Marked as done") < position(page, "The client was not asked")
    with database.writing():
        set_option(None, "ratings.client_ratings", "false")
    line = lines(sofia.get(f"/staff/visits/{agency.claires_past}"))[-1]
    assert [known for known, words in WHY_NOT.items() if words in line] == [reason]
    assert len(page.statements) <= 12, "\n".join(s.replace("\n", " ") for s in page.statements)


def test_a_visit_that_an_import_marks_as_done_again_says_that_nobody_was_asked_anew(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine
) -> None:
    visit = done_and_asked(agency, database)
    mailbox.one()
    sofia = sign_in(agency.sofia)
    sofia.act(f"/staff/visits/{visit}/reopening")
    time_machine.shift(timedelta(minutes=5))
    with database.writing():
        end_visits(agency.sofia.user, [db.session.get_one(Visit, visit)], ask=False)
    page = sofia.get(f"/staff/visits/{visit}")
    assert WHY_NOT["import"] in lines(page)[position(page, "The client was not asked")]
    assert position(page, "Set back to be done") < position(page, "The client was not asked")


def test_each_time_that_somebody_took_note_of_a_rating_stays_in_the_story(
    agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2)
    time_machine.shift(timedelta(minutes=5))
    path = f"/staff/visits/{agency.claires_done}"
    page = sign_in(agency.sofia).get(path)
    assert "Please look at it anew" not in page.words
    page.form("I have looked at it").submit()
    time_machine.shift(timedelta(minutes=5))
    with database.writing():
        rating = rating_of(factories.subject(agency.claires_done))
        assert rating
        change_rating(agency.claire.user, rating, 1, "", rating.version)
    ines = sign_in(agency.ines)
    page = ines.get(path)
    noted, changed = position(page, "Sofia Benali took note of it"), position(page, "changed the rating to 1 out of 5")
    assert noted < changed
    assert "The rating has changed since Sofia Benali looked at it. Please look at it anew." in page.words
    time_machine.shift(timedelta(minutes=5))
    page = page.form("I have looked at it").submit().follow()
    assert position(page, "Sofia Benali took note of it") == noted
    assert position(page, "Inès Caron took note of it") > changed
    assert "Please look at it anew" not in page.words
    assert len([sql for sql in page.statements if "FROM audit_entry" in sql]) == 1, "read once for the whole page"


def test_that_nobody_was_asked_is_not_said_where_nobody_is_ever_asked(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    assert position(sofia.get(f"/staff/visits/{agency.claires_done}"), "The client was not asked")
    with database.writing():
        set_option(None, "ratings.enabled", "false")
    assert not [line for line in lines(sofia.get(f"/staff/visits/{agency.claires_done}")) if "asked" in line]


@pytest.mark.parametrize("days", [-2, 2])
def test_fifty_visits_weigh_no_more_than_they_may(
    agency: Agency, sign_in: SignIn, database: Database, days: int
) -> None:
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for number in range(60):
            made = factories.visit(claire, rising, [wassim], factories.at(days * (number + 1), 6))
            if days < 0:
                factories.done(made)
    page = sign_in(agency.sofia).get("/staff/visits")
    assert len(page.soup.select("tbody tr")) == 50
    assert len(page.response.data) <= 24_000
