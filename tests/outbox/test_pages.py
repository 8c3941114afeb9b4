"""*Messages sortants*: the list and its filters, one message and its history, and what the staff can do about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.accounts.actions import mail_reset
from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db, writing
from portal.outbox import leases
from portal.outbox.actions import cancel_message, send_again
from portal.outbox.models import Attempt, Channel, Message
from portal.outbox.queries import broken_promises
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.outbox.sink import Sink
from tests.pages import Page

Ask = Callable[..., int]


@pytest.fixture
def ask(agency: Agency, database: Database) -> Ask:
    """Promise a mail about a visit of yesterday, due at once; return the number of the message."""

    def ask(person: str = "claire", hour: int = 8, days: int = -1, **changes: object) -> int:
        with database.writing():
            client = db.session.get_one(Client, getattr(agency, person).id)
            worker = db.session.get_one(Worker, agency.wassim.id)
            made = factories.done_visit(
                client, db.session.get_one(Service, agency.rising), [worker], days, hour, ask=True
            )
            message = factories.request_of(made.id).message
            for name, value in changes.items():
                setattr(message, name, value)
            return message.id

    return ask


def lines(page: Page, heading: str = "History") -> list[str]:
    """The lines of a timeline."""
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".timeline > li")]


def listed(page: Page) -> set[int]:
    links = page.soup.select("#messages td:first-child a")
    return {int(str(link["href"]).rpartition("/")[2]) for link in links}


def message(database: Database, number: int) -> Message:
    return database.one(select(Message).where(Message.id == number))


# ---- the list ----


def test_the_list_says_about_whom_to_whom_and_what_became_of_it(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox
) -> None:
    number = ask()
    sofia = sign_in(agency.sofia)
    page = sofia.get("/staff/outbox")
    assert listed(page) == {number}
    assert "Claire Lefèvre" in page.words
    assert agency.claire.email not in page.words, "nobody is written on it before it leaves"
    mailbox.collect()
    page = sofia.get("/staff/outbox?state=sent")
    assert agency.claire.email in page.words
    assert "left" in page.says("#messages tbody tr td:nth-child(5)")
    visit = page.link("Claire Lefèvre").click()
    assert visit.endpoint == "staff.show_visit"


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=failed", {"failed"}),
        ("state=nonsense", {"failed", "waits", "old", "george"}),
        ("reason=refused", {"failed"}),
        ("reason=nonsense&kind=nonsense", {"failed", "waits", "old", "george"}),
        ("kind=ratings.request", {"failed", "waits", "old", "george"}),
        ("kind=accounts.reset", set()),
        ("who=lefevre", {"failed", "old"}),
        ("who=CLAIRE%40exmaple", {"failed"}),
        ("who=%25", set()),
        ("who=moreau+denis", {"waits"}),
        ("last_day=2026-11-14", {"old"}),
        ("first_day=2026-11-17&last_day=2026-11-17", {"failed", "waits", "george"}),
        ("first_day=9999-12-31", {"failed", "waits", "old", "george"}),
        ("state=failed&who=moreau", set()),
    ],
)
def test_the_list_is_narrowed_in_its_address(
    ask: Ask, agency: Agency, sign_in: SignIn, query: str, shown: set[str]
) -> None:
    numbers = {
        "failed": ask(state="failed", reason="refused", address="claire@exmaple.org", recipient="Claire Lefèvre"),
        "waits": ask("denis", hour=7),
        "old": ask(hour=6, created_at=clock.now() - timedelta(days=3)),
        "george": ask("eloise"),
    }
    page = sign_in(agency.ines).get(f"/staff/outbox?{query}")
    assert listed(page) == {numbers[name] for name in shown}
    if not shown:
        assert page.link("Show all messages").href == "/staff/outbox"


def test_a_filter_answers_the_table_alone(ask: Ask, agency: Agency, sign_in: SignIn) -> None:
    number = ask()
    part = sign_in(agency.sofia).get("/staff/outbox").form("/staff/outbox").submit(htmx=True, who="Claire")
    assert part.is_fragment
    assert listed(part) == {number}


def test_a_coordinator_sees_the_messages_of_her_sectors_alone(ask: Ask, agency: Agency, sign_in: SignIn) -> None:
    north, south = ask(), ask("eloise")
    assert listed(sign_in(agency.sofia).get("/staff/outbox")) == {north}
    assert listed(sign_in(agency.igor).get("/staff/outbox?who=lefevre")) == set()
    assert listed(sign_in(agency.igor).get("/staff/outbox")) == {south}
    assert listed(sign_in(agency.ada).get("/staff/outbox")) == {north, south}


def test_a_mail_about_a_login_says_whose_it_is_to_those_who_see_all(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        mail_reset(agency.claire.email)
    page = sign_in(agency.ada).get("/staff/outbox")
    assert agency.claire.email in page.says("#messages tbody tr td:nth-child(2)")
    assert not listed(sign_in(agency.sofia).get("/staff/outbox"))


def test_a_low_ratings_alert_is_seen_where_the_client_is(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 0)
    assert "Claire Lefèvre" in sign_in(agency.sofia).get("/staff/outbox?kind=ratings.very_low").words
    assert not listed(sign_in(agency.igor).get("/staff/outbox"))


# ---- one message ----


def test_pressed_and_left_are_two_lines(
    ask: Ask, agency: Agency, sign_in: SignIn, sink: Sink, database: Database, outbox
) -> None:
    number = ask()
    sink.script[agency.claire.email] = ["rcpt550"]
    outbox.sweep()
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/outbox/{number}")
    assert "Refused by the mail server" in page.says(".facts")
    assert any("550" in line for line in lines(page)), "the server's own words"

    question = page.link("Send again").click()
    assert agency.claire.email in question.words, "to whom it goes is said before"
    page = question.form("again").submit().follow()
    assert lines(page)[-1].startswith("Will leave")
    assert lines(page)[-2].startswith("Sofia Benali pressed “Send again”")
    assert not [line for line in lines(page) if line.startswith("Left")]

    outbox.sweep()
    page = sofia.get(f"/staff/outbox/{number}")
    assert lines(page)[-1].startswith("Left: the mail server took it")
    assert lines(page)[-2].startswith("Sofia Benali pressed “Send again”")
    assert len(sink.taken()) == 1
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "message.sent_again"))
    assert (entry.account_id, entry.subject_id) == (agency.sofia.account_id, number)
    assert (entry.before, entry.after) == ({"state": "failed", "reason": "refused"}, {"state": "due"})


def test_a_copy_on_purpose_is_announced_and_the_first_sending_stays(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, app: Flask
) -> None:
    number = ask()
    mailbox.collect()
    sofia = sign_in(agency.sofia)
    question = sofia.get(f"/staff/outbox/{number}/again")
    assert "a second time" in question.words
    page = question.form("again").submit().follow()
    assert page.says(".badge") == "About to leave"
    assert len(mailbox.collect()) == 1
    page = sofia.get(f"/staff/outbox/{number}")
    assert len([line for line in lines(page) if line.startswith("Left")]) == 2
    with app.app_context():
        assert broken_promises() == [], "what somebody asked for is no broken promise"


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("uncertain", "answer_lost", "the person gets it twice"),
        ("expired", "too_late", "it could not leave in time"),
        ("suppressed", "no_address", "no address to write to"),
        ("cancelled", "by_staff", "taken back by the agency"),
    ],
)
def test_what_was_put_aside_can_be_sent_with_all_its_patience(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database, state: str, reason: str, said: str
) -> None:
    number = ask(state=state, reason=reason, not_after=clock.now() - timedelta(days=1), put_aside_at=clock.now())
    question = sign_in(agency.sofia).get(f"/staff/outbox/{number}/again")
    assert said in question.words
    question.form("again").submit()
    mailbox.one()
    sent = message(database, number)
    assert (sent.state, sent.reason, sent.put_aside_at, sent.resends) == ("sent", None, None, 1)


def test_what_is_not_wanted_any_more_is_put_aside_again_with_its_reason(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    number = ask(state="cancelled", reason="by_staff", put_aside_at=clock.now())
    with database.writing():
        request = factories.db.session.scalars(
            select(factories.RatingRequest).where(factories.RatingRequest.message_id == number)
        ).one()
        factories.rate(agency.claire, request.subject.visit.id, 5)
    sofia = sign_in(agency.sofia)
    sofia.get(f"/staff/outbox/{number}/again").form("again").submit()
    assert mailbox.collect() == []
    page = sofia.get(f"/staff/outbox/{number}")
    assert "the visit is already rated" in page.says(".facts")
    assert "pressed “Send again”" in " ".join(lines(page))


@pytest.mark.parametrize(
    ("deed", "changes", "why"),
    [
        ("again", {}, "has not left yet"),
        ("again", {"state": "sending", "lease_token": "x"}, "at this moment"),
        ("cancellation", {"state": "sending", "lease_token": "x"}, "cannot be taken back any more"),
        ("cancellation", {"state": "sent", "sent_at": factories.NOON}, "has left already"),
        ("cancellation", {"state": "failed"}, "nothing to take back"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words_and_changes_nothing(
    ask: Ask, agency: Agency, sign_in: SignIn, database: Database, deed: str, changes: dict, why: str
) -> None:
    number = ask(**changes)
    sofia, before = sign_in(agency.sofia), database.fingerprint()
    page = sofia.get(f"/staff/outbox/{number}")
    assert not page.soup.select(f'a[href$="/{deed}"]'), "no button for what would be refused"
    for answer in (sofia.get(f"/staff/outbox/{number}/{deed}"), sofia.act(f"/staff/outbox/{number}/{deed}")):
        assert answer.status == 409
        assert why in answer.errors()[0]
    assert database.fingerprint() == before


def test_a_message_taken_back_does_not_leave_and_says_who(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    number = ask()
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/outbox/{number}").link("Take back").click().form("cancellation").submit().follow()
    assert "taken back by the agency" in page.says(".facts")
    assert lines(page)[-1].startswith("Sofia Benali took the message back")
    assert mailbox.collect() == []
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "message.cancelled"))
    assert (entry.account_id, entry.after) == (agency.sofia.account_id, {"state": "cancelled"})


@pytest.mark.parametrize("deed", ["again", "cancellation"])
def test_what_igor_does_not_see_he_cannot_touch(
    ask: Ask, agency: Agency, sign_in: SignIn, database: Database, deed: str
) -> None:
    number = ask(**({"state": "failed"} if deed == "again" else {}))
    igor, before = sign_in(agency.igor), database.fingerprint()
    assert igor.get(f"/staff/outbox/{number}/{deed}").status == 404
    assert igor.act(f"/staff/outbox/{number}/{deed}").status == 404
    assert database.fingerprint() == before


def test_two_who_press_at_once_send_it_once_more_not_twice(
    ask: Ask, agency: Agency, database: Database, app: Flask
) -> None:
    """Both have seen it refused; the row decides who was first, also between a person and a process."""
    number = ask(state="failed")
    for deed, before in ((send_again, send_again), (cancel_message, lambda _user, _message: leases.claim(1))):
        with app.app_context(), writing():
            seen = db.session.get_one(Message, number)
            db.session.commit()  # read, and then somebody else is first
            with database.writing():
                before(agency.ines.user, db.session.get_one(Message, number))
            with pytest.raises(Refused, match=r"open|sending"):
                deed(agency.sofia.user, seen)
            db.session.rollback()
    assert message(database, number).resends == 1
    assert database.count(AuditEntry, AuditEntry.kind.in_(("message.sent_again", "message.cancelled"))) == 1


def test_the_time_between_tries_begins_anew(
    ask: Ask, agency: Agency, sign_in: SignIn, sink: Sink, database: Database, outbox
) -> None:
    number = ask(state="expired", reason="too_late", attempts=7, put_aside_at=clock.now())
    sink.script[agency.claire.email] = ["rcpt451"]
    sign_in(agency.sofia).act(f"/staff/outbox/{number}/again")
    outbox.sweep()
    later = message(database, number)
    assert later.state == "retry"
    assert later.next_at < clock.now() + timedelta(minutes=2)


# ---- all messages ----


def test_all_messages_are_held_with_a_reason_and_let_go(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    ask()
    ines = sign_in(agency.ines)
    form = ines.get("/staff/outbox").link("Hold all messages").click().form("hold")
    assert form.submit(why=" ").errors()
    page = form.submit(why="Mauvais texte dans les courriels").follow()
    said = page.says(".trouble")
    assert "Inès Caron has held all messages since" in said
    assert "Mauvais texte dans les courriels" in said
    assert "1 message waits." in said
    assert mailbox.collect() == []
    sofia = sign_in(agency.sofia).get("/staff/home")
    assert "Inès Caron has held all messages" in sofia.says(".trouble"), "everybody of the staff reads it"
    assert not sign_in(agency.sofia).get("/staff/outbox").soup.select('form[action$="release"]')

    page = page.form("release").submit().follow()
    assert not page.soup.select(".trouble")
    assert len(mailbox.collect()) == 1
    kinds = select(AuditEntry.kind).where(AuditEntry.subject_type == "channel").order_by(AuditEntry.id)
    assert database.all(kinds) == ["channel.held", "channel.released"]


def test_a_hold_that_there_is_stays_as_it_is(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sign_in(agency.ines).act("/staff/outbox/hold", {"why": "Premier motif"})
    page = sign_in(agency.ada).act("/staff/outbox/hold", {"why": "Second motif"}).follow()
    assert "held already" in page.words
    assert "Premier motif" in page.words
    assert database.count(AuditEntry, AuditEntry.kind == "channel.held") == 1
    assert sign_in(agency.ada).act("/staff/outbox/release").status == 303
    assert sign_in(agency.ines).act("/staff/outbox/release").status == 409


def test_what_became_too_late_while_held_is_told_listed_and_can_be_sent(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    number = ask(not_after=clock.now() - timedelta(minutes=1))
    ines = sign_in(agency.ines)
    ines.act("/staff/outbox/hold", {"why": "Essai"})
    mailbox.collect()
    page = ines.get("/staff/outbox")
    assert "1 message has become too late meanwhile." in page.says(".trouble")
    assert "too late" in ines.get("/staff/home").says(".trouble")
    assert listed(page.link("See those that are too late").click()) == {number}
    page = ines.get(f"/staff/outbox/{number}")
    assert "messages were held until it was too late" in page.says(".facts")
    page.link("Send again").click().form("again").submit()
    page = ines.act("/staff/outbox/release").follow()
    mailbox.one()


# ---- the red line ----


def test_nothing_is_said_while_all_is_well(ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox) -> None:
    ask()
    assert not sign_in(agency.sofia).get("/staff/home").soup.select(".trouble")
    mailbox.collect()
    assert not sign_in(agency.sofia).get("/staff/home").soup.select(".trouble")


def test_a_mail_server_that_is_away_is_said_with_its_answer_and_how_many_wait(
    ask: Ask, agency: Agency, sign_in: SignIn, sink: Sink, outbox
) -> None:
    ask()
    ask("denis", hour=7)
    ask("eloise")
    sink.greetings = ["554"]
    outbox.sweep()
    said = sign_in(agency.sofia).get("/staff/home").says(".trouble")
    assert "The mail server has taken nothing since 17 November 2026, 12:0" in said
    assert "554" in said
    assert "2 messages wait." in said, "those of her sectors"
    assert "3 messages wait." in sign_in(agency.ines).get("/staff/home").says(".trouble")
    with outbox.app.app_context():
        leases.open_channel()
    assert not sign_in(agency.sofia).get("/staff/home").soup.select(".trouble")


def test_without_a_mail_server_it_is_said_once_something_waits(ask: Ask, agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    assert not sofia.get("/staff/home").soup.select(".trouble")
    ask()
    assert "No mail server is set" in sofia.get("/staff/home").says(".trouble")
    assert "No mail server is set" in sofia.get("/staff/outbox").says(".trouble")


def test_messages_that_nobody_sends_are_late_after_ten_minutes(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, time_machine
) -> None:
    ask(next_at=clock.now())
    sofia = sign_in(agency.sofia)
    time_machine.shift(timedelta(minutes=9))
    assert not sofia.get("/staff/home").soup.select(".trouble")
    time_machine.shift(timedelta(minutes=2))
    assert "Messages are late" in sofia.get("/staff/home").says(".trouble")
    mailbox.collect()
    assert not sofia.get("/staff/home").soup.select(".trouble")


# ---- what did not arrive ----


def test_refused_messages_of_the_week_stand_on_the_home_page(
    ask: Ask, agency: Agency, sign_in: SignIn, sink: Sink, outbox, time_machine
) -> None:
    number = ask()
    ask("eloise")
    ask("denis", hour=7, state="uncertain", reason="answer_lost")
    sink.script[agency.claire.email] = ["rcpt550"]
    outbox.sweep()
    sofia = sign_in(agency.sofia)
    home = sofia.get("/staff/home")
    assert not home.soup.select(".trouble"), "the others leave"
    groups = {tag.get_text(" ", strip=True) for tag in home.soup.select(".lost-mails li a")}
    assert groups == {"1 the address was refused", "1 the server’s answer was lost twice"}
    assert listed(home.link("the address was refused").click()) == {number}
    assert not sign_in(agency.igor).get("/staff/home").soup.select(".lost-mails"), "those of her sectors alone"
    time_machine.shift(timedelta(days=8))
    assert not sign_in(agency.sofia).get("/staff/home").soup.select(".lost-mails")


# ---- thrift ----


@pytest.mark.parametrize(("path", "most"), [("/staff/outbox/{number}", 12), ("/staff/home", 12)])
def test_the_pages_are_thrifty(
    ask: Ask, agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database, path: str, most: int
) -> None:
    number = ask()
    mailbox.collect()
    with database.writing():
        db.session.execute(update(Message).values(state="failed", sent_at=None))
        db.session.add_all(
            Attempt(message_id=number, number=n, token="x", started_at=clock.now(), outcome="later") for n in range(30)
        )
        db.session.add(Channel(name="post", failing_since=None))
    page = sign_in(agency.ines).get(path.format(number=number))
    assert len(page.statements) <= most, "\n".join(page.statements)
