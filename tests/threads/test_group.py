"""One message to many: each receives it alone, once, and only whom its writer may see."""

from typing import Any

from flask import Flask
from sqlalchemy import func, select

from portal.extensions import db
from portal.people.models import Client, Relative
from portal.threads import jobs
from portal.threads.models import GroupMessage, Participant, Thread, ThreadMessage
from portal.work import jobs as work
from portal.work.models import Work
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.threads.test_opening import forced

WORK = select(Work.id).where(Work.kind == "threads.group")
LETTER: dict[str, Any] = {"topic": "planning", "subject": "Jour férié", "text": "Nous sommes fermés lundi."}


def run(app: Flask, database: Database) -> None:
    """Do the job, as a worker would."""
    number = database.one(WORK)
    with app.app_context():
        work.run(number)


def clients(database: Database) -> list[int]:
    return sorted(database.all(select(Participant.client_id).join(Thread).where(Thread.batch.is_not(None))))


def test_everybody_receives_it_alone_after_a_look_at_how_many_that_is(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser = sign_in(agency.ines)
    page = browser.get("/staff/threads").link("Write to many").click()
    page = page.form("See how many").submit(**LETTER)
    assert "3 people receive this message. Éloïse D’Angelo, Claire Lefèvre, Denis Moreau" in page.words
    assert "1 more has no access to the portal and does not receive it." in page.words
    assert len(page.statements) <= 12, "\n".join(page.statements)
    assert database.count(Thread) == database.count(GroupMessage) == 0
    page = page.press("button[name=sure]").follow()
    assert "Conversations opened" in page.words
    run(app, database)
    assert "3 conversations are open." in browser.get(page.response.request.path).words
    assert clients(database) == sorted([agency.claire.id, agency.denis.id, agency.eloise.id])
    assert database.all(select(func.count(Participant.id)).group_by(Participant.thread_id)) == [1, 1, 1]
    claire = sign_in(agency.claire)
    thread = claire.get("/client/threads").link("Planning and hours · Jour férié").click()
    assert "Nous sommes fermés lundi." in thread.words
    assert "Denis" not in thread.words
    assert not browser.get("/staff/threads").soup.select(".thread-line"), "they are put aside"
    thread.form("Send").submit(text="Merci !").follow()
    assert len(browser.get("/staff/threads").soup.select(".thread-line")) == 1, "an answer brings one back"


def test_a_job_that_begins_again_tells_nobody_twice(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    page = sign_in(agency.ines).get("/staff/threads/groups/new").form("See how many").submit(**LETTER)
    first = page.press("button[name=sure]")
    assert page.press("button[name=sure]").location == first.location, "the same form sent twice is one"
    with database.writing():
        group = db.session.scalars(select(GroupMessage)).one()
        assert jobs.open_some(agency.ines.user, group, 2) == 2  # then its process died
    run(app, database)
    with database.writing():
        made = db.session.scalars(select(Work)).one()
        made.state = "waiting"
    run(app, database)
    assert clients(database) == sorted([agency.claire.id, agency.denis.id, agency.eloise.id])
    assert database.count(ThreadMessage) == 3


def test_only_those_of_ones_sectors_are_written_to_and_with_relatives_who_read_along(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        george = db.session.get_one(Client, agency.george)
        factories.persona(factories.relative("Anna", "Wright", george, "anna@example.org"))
    browser = sign_in(agency.igor)
    page = browser.get("/staff/threads/groups/new")
    assert "Nord" not in page.at("select[name=sector]").get_text()
    assert forced(page.form("See how many"), **LETTER, sector=str(agency.north)).status == 422
    page = page.form("See how many").submit(**LETTER, sector=str(agency.south))
    assert "2 people receive this message. Éloïse D’Angelo, George Wright" in page.words
    with database.writing():
        db.session.scalars(select(Relative).where(Relative.client_id == agency.george)).one().sees_threads = False
    again = page.press("button[name=sure]")
    assert (again.status, "The number of people has changed." in again.words) == (409, True)
    again.press("button[name=sure]").follow()
    run(app, database)
    assert clients(database) == [agency.eloise.id]
    number = database.one(select(GroupMessage.id))
    assert sign_in(agency.sofia).get(f"/staff/threads/groups/{number}").status == 404


def test_workers_are_written_to_and_what_cannot_be_sent_stays(
    app: Flask, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser = sign_in(agency.sofia)
    page = browser.get("/staff/threads/groups/new").form("See how many").submit(kind="worker", subject="Jour férié")
    assert (page.status, "Please write something." in page.words) == (422, True)
    assert page.form("See how many").values()["subject"] == "Jour férié"
    page = page.form("See how many").submit(**LETTER, kind="worker")
    assert "1 person receives this message. Wassim Haddad" in page.words
    page.press("button[name=sure]")
    run(app, database)
    assert "Jour férié" in sign_in(agency.wassim).get("/worker/threads").words
    assert "Jour férié" not in sign_in(agency.jean).get("/worker/threads").words
