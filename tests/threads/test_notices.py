"""What is new in a thread is mailed to whoever has not read it: once, in one mail, with nothing of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.outbox.queries import broken_promises
from portal.people.models import Client, Relative, Staff, Worker
from portal.settings.actions import set_option
from portal.threads.actions import announce, mark_read
from portal.threads.changes import withdraw_message
from portal.threads.choices import choose
from portal.threads.models import NoticeChoice, Thread, ThreadMessage
from portal.threads.opening import publish
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency, Persona
from tests.pages import Watch

NOTICES = select(Message.subject_type, Message.subject_id, Message.state, Message.reason).order_by(
    Message.subject_type, Message.subject_id, Message.id
)
NOTICES = NOTICES.where(Message.kind.like("threads.%"))
TWO = timedelta(minutes=2)


class Town:
    """The people of the story, who write to each other while time goes by."""

    def __init__(self, agency: Agency, database: Database, mailbox: Mailbox, clock: TimeMachineFixture) -> None:
        self.agency, self.database, self.mailbox, self.clock = agency, database, mailbox, clock
        self.thread = 0
        self.now = factories.NOON

    def later(self, span: timedelta) -> None:
        self.now += span
        self.clock.move_to(self.now, tick=False)

    def open(self, who: Persona, clients: list[Persona], workers: list[Persona] | None = None, **more: Any) -> int:
        with self.database.writing():
            self.thread = factories.thread(who, clients, workers or [], "Le secret de Claire", **more).id
        return self.thread

    def write(self, who: Persona, *, internal: bool = False, within: int | None = None) -> int:
        with self.database.writing():
            thread = db.session.get_one(Thread, within or self.thread)
            return factories.message(who, thread, "Encore le secret de Claire", internal=internal).id

    def read(self, who: Persona) -> None:
        with self.database.writing():
            thread = db.session.get_one(Thread, self.thread)
            mark_read(who.user, thread, thread.last_id)

    def mails(self, after: timedelta = TWO) -> list[tuple[str, str]]:
        """To whom what is due by then went, and its subject."""
        self.later(after)
        return sorted((mail["To"].addresses[0].addr_spec.split("@")[0], mail["Subject"])
                      for mail in self.mailbox.collect())  # fmt: skip


@pytest.fixture
def town(agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Town:
    made = Town(agency, database, mailbox, time_machine)
    time_machine.move_to(made.now, tick=False)
    with database.writing():
        for kind in (Client, Relative, Worker, Staff):
            db.session.execute(update(kind).values(language="en"))
    return made


ONE, MORE = "You have a new message", "You have %s new messages"


def test_everybody_but_the_author_is_told_of_what_they_have_not_read_after_two_minutes(
    agency: Agency, town: Town
) -> None:
    town.open(agency.claire, [agency.claire], [agency.wassim])
    assert town.mails(timedelta(seconds=119)) == []
    assert town.mails(timedelta(seconds=1)) == [("paul", ONE), ("sofia", ONE), ("wassim", ONE)]
    assert town.mails(timedelta(days=1)) == [], "once"
    town.write(agency.sofia)
    town.read(agency.paul)
    assert town.mails() == [("claire", ONE), ("wassim", ONE)], "what was told is not told again"


def test_a_mail_says_how_much_is_new_and_nothing_of_it(
    agency: Agency, town: Town, database: Database, sign_in: SignIn
) -> None:
    town.open(agency.sofia, [agency.claire])
    town.write(agency.sofia)
    town.later(TWO)
    [mail] = [one for one in town.mailbox.collect() if "claire@" in one["To"]]
    whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
    assert "You have 2 new messages" in mail["Subject"]
    assert f"/client/threads/{town.thread}" in text_of(mail)
    for secret in ("secret", "question", "Sofia", "Benali", "Wassim", "Paul", "Nord"):
        assert secret not in whole, secret
    town.read(agency.claire)
    sent = database.one(select(Message.id).where(Message.subject_type == "client"))
    preview = sign_in(agency.sofia).get(f"/staff/outbox/{sent}")
    assert "You have 2 new messages" in preview.words, "as it left, also when all is read"
    town.open(agency.denis, [agency.denis])
    town.open(agency.denis, [agency.denis])
    town.later(TWO)
    [mail] = town.mailbox.collect()
    assert "You have 2 new messages. They are in 2 conversations." in " ".join(text_of(mail).split())
    assert "http://localhost/staff/threads" in text_of(mail).split()


def test_one_mail_waits_for_each_person_however_much_is_written(agency: Agency, town: Town, database: Database) -> None:
    first = town.open(agency.claire, [agency.claire])
    town.open(agency.denis, [agency.denis])
    for within in (first, town.thread, first):
        town.write(agency.sofia, within=within)
    town.write(agency.claire, within=first)
    assert [row[:2] for row in database.all(NOTICES)] == [
        ("client", agency.claire.id), ("client", agency.denis.id), ("relative", agency.paul.id),
        ("staff", agency.sofia.id),
    ]  # fmt: skip
    assert town.mails() == [
        ("denis", ONE), ("paul", MORE % 4), ("sofia", ONE)
    ], "who has answered has read what was before"  # fmt: skip


def test_what_is_read_withdrawn_internal_or_not_published_is_not_told(
    agency: Agency, town: Town, database: Database, sign_in: SignIn
) -> None:
    town.open(agency.sofia, [agency.eloise], published=False)
    assert database.all(NOTICES) == []
    with database.writing():
        publish(agency.sofia.user, db.session.get_one(Thread, town.thread), published=True)
    assert town.mails() == [("eloise", ONE)], "from the moment at which they see it"
    town.open(agency.sofia, [agency.denis])
    town.write(agency.sofia, internal=True)
    number = town.write(agency.sofia)
    with database.writing():
        said = db.session.get_one(ThreadMessage, number)
        said.withdrawn_at, said.withdrawn_by, said.withdraw_reason = said.at, "Sofia", "Erreur"
    assert town.mails() == [("denis", ONE)]
    number = town.write(agency.sofia)
    with database.writing():
        said = db.session.get_one(ThreadMessage, number)
        withdraw_message(agency.sofia.user, db.session.get_one(Thread, said.thread_id), said, "Erreur")
    assert town.mails() == []
    assert ("client", agency.denis.id, "cancelled", "withdrawn") in database.all(NOTICES)
    with database.app.app_context():
        assert broken_promises() == []
    town.write(agency.sofia)
    town.read(agency.denis)
    assert town.mails() == []
    assert ("client", agency.denis.id, "cancelled", "read") in database.all(NOTICES)
    town.write(agency.denis)
    town.read(agency.ines)
    assert town.mails() == [], "one of the agency has read it"
    town.write(agency.sofia)
    with database.writing():
        publish(agency.sofia.user, db.session.get_one(Thread, town.thread), published=False)
    assert town.mails() == []
    assert ("client", agency.denis.id, "cancelled", "not_visible") in database.all(NOTICES)
    outbox = sign_in(agency.sofia).get("/staff/outbox").words
    assert "the person does not see the conversation (any more)" in outbox


def test_what_comes_while_a_mail_leaves_is_told_by_the_next_one(agency: Agency, town: Town, database: Database) -> None:
    town.open(agency.sofia, [agency.denis])
    with database.writing():
        notice = db.session.scalars(select(Message)).one()
        notice.state, notice.lease_token, notice.lease_until = "sending", "x", town.now + timedelta(seconds=60)
    town.write(agency.sofia)
    assert [row[2] for row in database.all(NOTICES)] == ["sending", "scheduled"]
    with database.writing():
        notice = db.session.scalars(select(Message).order_by(Message.id).limit(1)).one()
        notice.state, notice.lease_token, notice.lease_until = "due", None, None
    assert town.mails() == [("denis", MORE % 2)], "a second try tells what came meanwhile"
    assert sorted(row[2:] for row in database.all(NOTICES)) == [("cancelled", "told_already"), ("sent", None)]
    with database.app.app_context():
        assert broken_promises() == []


def test_an_incident_is_news_of_its_own(agency: Agency, town: Town, database: Database) -> None:
    with database.writing():
        town.thread = factories.incident(agency.wassim, agency.claires_past, "Le secret de Claire").thread_id
    town.write(agency.wassim)
    town.later(TWO)
    mails = town.mailbox.collect()
    assert {mail["Subject"] for mail in mails} == {"News in your conversations"}
    assert len(mails) == 3
    said = " ".join(text_of(mails[0]).split())
    assert "A new incident was reported. You have a new message." in said
    assert "secret" not in said
    for also, subject in ((False, "News in your conversations"), (True, ONE)):
        with database.writing():
            announce(agency.sofia.user, db.session.get_one(Thread, town.thread), "closed")
        if also:
            town.write(agency.sofia)
        assert ("wassim", subject) in town.mails(), "a line about what happened is news, and nobody's message"
        town.read(agency.wassim)


def test_whoever_has_an_incident_in_hand_is_told_of_what_is_written(
    agency: Agency, town: Town, database: Database
) -> None:
    with database.writing():
        made = factories.incident(agency.wassim, agency.claires_past)
        town.thread, made.owner_id = made.thread_id, agency.ines.id
    town.mails()
    town.write(agency.claire)
    assert town.mails() == [("ines", ONE), ("paul", ONE), ("wassim", ONE)]


def test_the_agency_is_told_in_the_person_who_answers_for_it(agency: Agency, town: Town, database: Database) -> None:
    town.open(agency.wassim, [], [agency.wassim])
    assert town.mails() == [("sofia", ONE)], "a coordinator of the worker's sector"
    town.open(agency.jean, [], [agency.jean])
    with database.writing():
        db.session.get_one(Staff, agency.igor.id).active = False
    assert town.mails() == [], "whoever was to be told has left …"
    assert town.mails() == [("ines", ONE)], "… and quality is told in their place"


def test_whoever_answers_next_is_told_where_the_first_wants_no_mails(
    agency: Agency, town: Town, database: Database
) -> None:
    with database.writing():
        db.session.add(NoticeChoice(person_type="staff", person_id=agency.sofia.id, kind="message", how="never"))
    town.open(agency.denis, [agency.denis])
    assert town.mails() == [("ines", ONE)]
    town.write(agency.denis)
    with database.writing():
        choose(agency.ines.user, {"message": "never"})
    assert town.mails() == [("ada", MORE % 2)], "also where the first changes their mind while a mail waits"
    with database.writing():
        db.session.add(NoticeChoice(person_type="staff", person_id=agency.ada.id, kind="message", how="never"))
    town.write(agency.denis)
    assert town.mails() == []
    assert ("staff", agency.sofia.id, "suppressed", "notice_off") in database.all(NOTICES)


@pytest.mark.parametrize(("lacks", "reason"), [("account_id", "no_login"), ("email", "no_address")])
def test_who_cannot_open_the_portal_is_not_mailed_a_link_and_staff_see_why(
    agency: Agency, town: Town, database: Database, sign_in: SignIn, lacks: str, reason: str
) -> None:
    with database.writing():
        worker, account = db.session.get_one(Worker, agency.wassim.id), agency.wassim.account_id
        worker.account_id, db.session.get_one(Account, account).active = None, False
        if lacks == "email":
            worker.email = None
    town.open(agency.sofia, [], [agency.wassim])
    town.write(agency.sofia)
    assert [row[2:] for row in database.all(NOTICES)] == [("suppressed", reason)], "once for each thread"
    assert town.mails() == []
    page = sign_in(agency.sofia).get("/staff/outbox?state=suppressed&who=haddad")
    assert "Wassim Haddad" in page.words
    assert "Haddad" not in sign_in(agency.igor).get("/staff/outbox").words, "of another sector"
    said = "the person has no access to the portal" if reason == "no_login" else "no address to write to"
    assert said in page.words


def test_relatives_are_told_as_the_file_grants_and_in_place_of_the_client(
    agency: Agency, town: Town, database: Database
) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email = claire.account_id = None
    town.open(agency.sofia, [agency.claire])
    assert [row[:2] for row in database.all(NOTICES)] == [("relative", agency.paul.id)]
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    assert town.mails() == [], "taken away since"
    town.write(agency.sofia)
    assert database.all(NOTICES)[0] == ("client", agency.claire.id, "suppressed", "no_address")


def test_closed_people_are_told_nothing_and_of_incidents_people_go_on_being_told(
    agency: Agency, town: Town, database: Database
) -> None:
    town.open(agency.sofia, [agency.denis])
    with database.writing():
        incident = factories.incident(agency.sofia, agency.eloises_done).thread_id
        db.session.get_one(Client, agency.denis.id).active = False
        set_option(None, "incidents.enabled", "no")
    assert town.mails() == [(name, "A new incident was reported") for name in ("eloise", "jean")]
    assert {row[2:] for row in database.all(NOTICES)} == {("suppressed", "no_login"), ("sent", None)}
    town.write(agency.sofia, within=incident)
    assert town.mails() == [("eloise", ONE), ("jean", ONE)], "of this one people still talk"


def test_conversations_go_with_their_client_into_another_sector_and_so_do_their_mails(
    agency: Agency, town: Town, database: Database, sign_in: SignIn
) -> None:
    """Those of incidents stay with the visit: one that was over stays, one to come goes along."""
    with database.writing():
        past = factories.incident(agency.claire, agency.claires_past)
        ahead = factories.incident(agency.sofia, agency.claires_next)
        incidents, stays, goes = {past.thread_id: past.id, ahead.thread_id: ahead.id}, past.thread_id, ahead.thread_id
    shared = town.open(agency.sofia, [agency.claire, agency.denis])
    own = town.open(agency.claire, [agency.claire], [agency.wassim])
    town.mails()
    town.write(agency.claire)  # the mail about it waits as she is moved
    form = sign_in(agency.ines).get(f"/staff/clients/{agency.claire.id}/editing").form("Save")
    assert form.submit(sector_id=str(agency.south), file_manager_id=str(agency.igor.id)).status == 303
    told = town.mails() + town.mails()
    assert ("igor", MORE % 2) in told and "sofia" not in dict(told)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    for thread, old, new in ((own, 404, 200), (goes, 404, 200), (stays, 200, 404), (shared, 200, 404)):
        assert (sofia.get(f"/staff/threads/{thread}").status, igor.get(f"/staff/threads/{thread}").status) == (old, new)
    for thread, incident in incidents.items():
        for browser in (sofia, igor):
            found = browser.get(f"/staff/incidents/{incident}").status != 404
            assert found == (browser.get(f"/staff/threads/{thread}").status == 200)
    assert sofia.act(f"/staff/threads/{own}/messages", {"text": "Trop tard"}).status == 404
    moved = select(AuditEntry.subject_id, AuditEntry.before, AuditEntry.after).where(AuditEntry.kind == "thread.moved")
    change = {"sector_id": agency.north}, {"sector_id": agency.south}
    assert sorted(tuple(row) for row in database.all(moved)) == sorted((one, *change) for one in (own, goes))


def test_writing_takes_the_same_statements_in_a_long_thread_as_in_a_short_one(
    agency: Agency, town: Town, database: Database
) -> None:
    with database.app.app_context():
        watch = Watch(db.engine)
    counts = []
    town.open(agency.claire, [agency.claire], [agency.wassim])
    for _round in range(3):
        watch.begin()
        town.write(agency.claire)
        counts.append(len(watch.statements))
        for _each in range(5):
            town.write(agency.sofia)
    assert counts[1] == counts[2]
