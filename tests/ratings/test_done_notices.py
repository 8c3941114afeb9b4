"""The notice that a visit is done: whom it reaches, when, and how one has no more of them."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.models import RatingRequest, RequestChoice
from portal.settings.actions import set_option
from portal.visits.actions import end_visits, reopen_visit
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import plan_asked_visit
from tests.ratings.test_unsubscribe import ONE_CLICK

KIND = Message.kind == "visits.done"


@pytest.fixture
def told(database: Database) -> None:
    """The agency tells its clients that a visit is done; it asks them later."""
    with database.writing():
        set_option(None, "notices.visit_done", "true")
        set_option(None, "ratings.request_delay_minutes", str(48 * 60))


@pytest.fixture
def close(agency: Agency, sign_in: SignIn) -> Callable[[], object]:
    """Sofia marks Claire's visit of this morning as done."""
    return lambda: sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")


def link_in(mail: EmailMessage) -> str:
    found = re.search(r"http://localhost(/r/[\w-]+)\s", text_of(mail))
    assert found, text_of(mail)
    return found[1]


def is_notice(mail: EmailMessage) -> bool:
    return "/r/" in text_of(mail) and "?stars=" not in text_of(mail)


def stop_in(mail: EmailMessage) -> str:
    return mail["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")


def fate(database: Database) -> tuple:
    return database.one(select(Message.state, Message.reason).where(KIND).order_by(Message.id.desc()).limit(1))


def test_nobody_is_told_unless_the_agency_wants_it(
    agency: Agency, close: Callable, mailbox: Mailbox, database: Database
) -> None:
    close()
    assert mailbox.collect() == []
    assert database.count(Message, KIND) == 0


def test_the_client_is_told_at_once_and_the_rating_request_comes_as_ever(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    close()
    mail = mailbox.one()
    assert is_notice(mail)
    assert mail["To"].addresses[0].addr_spec == agency.claire.email
    for part in (text_of(mail), text_of(mail, "html")):
        assert "Ménage" in part
        assert "Wassim" in part
        assert "Haddad" not in part
        assert link_in(mail) in part
        assert "?stars=" not in part, "it asks nothing"
    time_machine.shift(timedelta(days=2))
    assert "?stars=4" in text_of(mailbox.one())


def test_it_leaves_in_the_agencys_hours(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(hours=9))  # 21:00
    close()
    assert mailbox.collect() == []
    time_machine.shift(timedelta(hours=12, minutes=1))
    assert any(map(is_notice, mailbox.collect()))


@pytest.mark.parametrize("delay", [0, 30, 61])
def test_where_the_request_leaves_within_the_hour_the_notice_does_not(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database,
    time_machine: TimeMachineFixture, delay: int,
) -> None:  # fmt: skip
    with database.writing():
        set_option(None, "ratings.request_delay_minutes", str(delay + 180))  # it ended three hours ago
    came = []
    close()
    for _step in range(5):
        came += mailbox.collect()
        time_machine.shift(timedelta(minutes=16))
    came += mailbox.collect()
    asked = [mail for mail in came if "?stars=" in text_of(mail)]
    assert len(asked) == 1
    assert len(came) - len(asked) == (1 if delay > 60 else 0)
    if delay <= 60:
        assert fate(database) == ("suppressed", "asked_instead")


def test_where_the_request_is_held_back_the_notice_leaves(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        set_option(None, "ratings.request_delay_minutes", "0")
    plan_asked_visit(agency, database)
    mailbox.collect()
    close()
    time_machine.shift(timedelta(minutes=3))
    mailbox.collect()
    time_machine.shift(timedelta(minutes=3))
    mailbox.collect()
    assert fate(database) == ("sent", None), "she was asked yesterday: of this visit she is told"


def test_a_request_that_is_dead_stands_in_nobodys_way(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        set_option(None, "ratings.request_delay_minutes", "0")
    close()
    with database.writing():
        db.session.execute(update(RatingRequest).values(revoked_at=clock.now()))
        db.session.execute(update(Message).where(~KIND).values(state="sent", sent_at=clock.now()))
        db.session.execute(update(Message).where(KIND).values(next_at=clock.now()))
    mailbox.collect()
    assert fate(database) == ("sent", None)


def test_the_warning_stands_on_the_configuration_page(
    told: None, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    ada, words = sign_in(agency.ada), "no notice leaves: the request leads to the same page"
    assert words not in ada.get("/staff/settings?group=requests").words
    with database.writing():
        set_option(None, "ratings.request_delay_minutes", "30")
    assert words in ada.get("/staff/settings?group=requests").words


def set_back(_agency: Agency, visit: Visit) -> None:
    reopen_visit(None, visit)


def close_file(_agency: Agency, visit: Visit) -> None:
    visit.client.active = False


def lose_address(_agency: Agency, visit: Visit) -> None:
    visit.client.email = None
    for relative in visit.client.relatives:
        relative.may_rate = False


def switch_off(_agency: Agency, _visit: Visit) -> None:
    set_option(None, "notices.visit_done", "false")


def complain(agency: Agency, visit: Visit) -> None:
    factories.incident(agency.sofia, visit.id)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (set_back, ("cancelled", "superseded")),
        (close_file, ("suppressed", "inactive")),
        (lose_address, ("suppressed", "no_address")),
        (switch_off, ("suppressed", "notices_off")),
        (complain, ("cancelled", "incident_open")),
    ],
)
def test_what_holds_when_it_leaves_decides(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database, happens: Callable, reason: tuple,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    time_machine.shift(timedelta(hours=9))
    close()
    with database.writing():
        happens(agency, db.session.get_one(Visit, agency.claires_past))
    time_machine.shift(timedelta(hours=12, minutes=1))
    assert not [mail for mail in mailbox.collect() if is_notice(mail)]
    assert fate(database) == reason


def test_a_reopened_visit_is_told_of_anew_when_it_is_done_again(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, sign_in: SignIn
) -> None:
    close()
    first = mailbox.one()
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/reopening")
    close()
    assert link_in(mailbox.one()) == link_in(first), "one link a visit"


def test_a_relative_who_is_asked_for_the_client_is_told(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = None
    close()
    assert mailbox.one()["To"].addresses[0].addr_spec == agency.paul.email


def test_past_visits_that_are_imported_tell_nobody(
    told: None, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        end_visits(None, [db.session.get_one(Visit, agency.claires_past)], ask=True, notify=False)
    assert database.count(Message, KIND) == 0


# ---- one's own word ----


def test_the_link_of_a_notice_stops_notices_and_that_of_a_request_requests(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database, stranger: Browser,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    close()
    notice = mailbox.one()
    assert notice["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert stranger.get(stop_in(notice)).h1 == "Stop the notices of completed visits?"
    assert database.count(RequestChoice) == 0, "looking stops nothing"
    for _twice in range(2):
        page = stranger.post(stop_in(notice), data=ONE_CLICK)
        assert page.h1 == "You will receive no more notices of completed visits"
    assert database.one(select(RequestChoice.about, RequestChoice.wanted)) == ("notices", False)
    assert database.count(AuditEntry, AuditEntry.kind == "visit.notices_stopped") == 1
    time_machine.shift(timedelta(days=2))
    request = mailbox.one()
    assert "?stars=" in text_of(request), "requests go on"
    stranger.post(stop_in(request), data=ONE_CLICK)
    assert (
        stranger.get(stop_in(notice))
        .form("Receive them again")
        .submit(again="yes")
        .h1.endswith("completed visits again")
    )
    assert stranger.get(stop_in(request)).h1 == "You will receive no more rating requests"


def test_who_said_no_is_not_told(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, database: Database
) -> None:
    with database.writing():
        db.session.add(RequestChoice(person_type="client", person_id=agency.claire.id, address=agency.claire.email,
                                     about="notices", wanted=False, said_by="link"))  # fmt: skip
    close()
    assert mailbox.collect() == []
    assert fate(database) == ("suppressed", "notice_opted_out")


def test_the_page_of_the_visit_says_what_became_of_it(
    told: None, agency: Agency, close: Callable, mailbox: Mailbox, sign_in: SignIn
) -> None:
    close()
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_past}")
    assert "Notice of a completed visit" in page.words
    mailbox.one()
    assert "Notice of a completed visit" in sign_in(agency.sofia).get("/staff/outbox").words
