"""When somebody is mailed about conversations is theirs to say, where the agency has not made it compulsory."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Relative
from portal.settings.actions import set_option
from portal.threads.models import Thread, ThreadNotice
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.racing import at_once, posting
from tests.threads.test_notices import MORE, NOTICES, ONE, Town, town  # noqa: F401

MORNING = datetime(2026, 11, 18, 7, tzinfo=UTC)  # eight o'clock in Paris, the day after
PORTALS = [("claire", "client"), ("wassim", "worker"), ("sofia", "staff")]


@pytest.mark.parametrize(("name", "portal"), PORTALS)
def test_everybody_chooses_on_their_account_page(
    agency: Agency, database: Database, sign_in: SignIn, name: str, portal: str
) -> None:
    person = getattr(agency, name)
    page = sign_in(person).get(f"/{portal}/account")
    after = page.form("Save").submit(message="daily").follow()
    assert "Saved: this is when mails about conversations come." in after.words
    assert after.at("input[name=message][checked]")["value"] == "daily"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "notice.chosen"))
    assert (entry.subject_type, entry.subject_id) == (person.key.partition(":")[0], person.id)
    assert (entry.before, entry.after) == ({"message_mails": "now"}, {"message_mails": "daily"})
    refused = sign_in(person).act(f"/{portal}/account/notices", {"incident": "hourly", "message": "now"})
    assert refused.status == 422
    assert "Please choose one of the values offered." in refused.words


def test_what_the_agency_has_made_compulsory_is_said_and_cannot_be_changed(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        set_option(None, "threads.incident_compulsory", "yes")
    claire = sign_in(agency.claire)
    page = claire.get("/client/account")
    assert "A new incident: always mailed at once, your agency wants it so." in page.words
    assert not page.soup.select("input[name=incident]")
    before = database.fingerprint()
    claire.act("/client/account/notices", {"incident": "never", "message": "now"})
    assert database.fingerprint()["notice_choice"] == before["notice_choice"]
    with database.writing():
        set_option(None, "threads.message_compulsory", "yes")
    assert not claire.get("/client/account").soup.select("input[name=message]")


def test_a_relative_without_the_grant_has_nothing_to_choose(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    paul = sign_in(agency.paul)
    assert "Mails about conversations" not in paul.get("/client/account").words
    assert paul.act("/client/account/notices", {"incident": "never", "message": "never"}).status == 404


def choose(sign_in: SignIn, agency: Agency, incident: str, message: str) -> None:
    page = sign_in(agency.denis).act("/client/account/notices", {"incident": incident, "message": message})
    assert page.status == 303


def test_the_summary_of_the_next_morning_tells_all_of_the_day_in_one_mail(
    agency: Agency, town: Town, sign_in: SignIn, database: Database  # noqa: F811
) -> None:  # fmt: skip
    choose(sign_in, agency, "now", "daily")
    town.open(agency.sofia, [agency.denis])
    town.open(agency.sofia, [agency.denis])
    town.later(timedelta(hours=3))
    town.write(agency.sofia)
    assert town.mails(MORNING - town.now - timedelta(seconds=1)) == []
    assert town.mails(timedelta(seconds=1)) == [("denis", MORE % 3)]
    with database.writing():
        factories.incident(agency.sofia, agency.denis_done)
    assert [one for one in town.mails() if one[0] == "denis"] == [("denis", "A new incident was reported")]


def test_what_waits_follows_a_change_of_mind(
    agency: Agency, town: Town, sign_in: SignIn, database: Database  # noqa: F811
) -> None:  # fmt: skip
    choose(sign_in, agency, "now", "daily")
    town.open(agency.sofia, [agency.denis])
    choose(sign_in, agency, "now", "now")
    assert database.all(NOTICES)[0][2:] == ("cancelled", "notice_changed")
    assert town.mails() == [("denis", ONE)]
    town.write(agency.sofia)
    choose(sign_in, agency, "now", "never")
    assert town.mails() == []
    town.write(agency.sofia)
    assert database.all(NOTICES)[-1][2:] == ("suppressed", "notice_off")
    choose(sign_in, agency, "now", "now")
    assert town.mails(timedelta(days=2)) == [], "what came while they wanted no mails is not told afterwards"
    choose(sign_in, agency, "now", "daily")
    town.write(agency.sofia)
    with database.writing():
        set_option(None, "threads.message_compulsory", "yes")
    town.write(agency.sofia)
    assert town.mails() == [("denis", MORE % 3)], "as the agency wants it: all that is unread and was never told"


def test_ten_messages_at_once_in_ten_threads_are_one_mail(
    agency: Agency, town: Town, sign_in: SignIn, database: Database  # noqa: F811
) -> None:  # fmt: skip
    threads = [town.open(agency.sofia, [agency.denis]) for _each in range(10)]
    assert town.mails() == [("denis", MORE % 10)]
    sofia = [sign_in(agency.sofia) for _each in threads]
    deeds = [
        posting(browser, f"/staff/threads/{thread}/messages",
                {"text": "Encore", "audience": "all", "token": factories.new_public_id()})
        for browser, thread in zip(sofia, threads, strict=True)
    ]  # fmt: skip
    assert at_once(deeds) == [303] * 10
    assert database.count(Message, Message.kind == "threads.notice", Message.state == "scheduled") == 1
    assert database.count(ThreadNotice, ThreadNotice.owed_id > ThreadNotice.telling_id) == 10
    assert town.mails() == [("denis", MORE % 10)]
    assert database.count(Thread) == 10
