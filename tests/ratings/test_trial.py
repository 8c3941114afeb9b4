"""Trying a survey out leaves nothing behind."""

from sqlalchemy import select

from portal.outbox.models import Message
from portal.ratings.models import Rating, RatingRequest, SuspectAnswer
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency


def test_a_test_says_so_everywhere_and_nothing_of_it_is_kept(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    ines, kept = sign_in(agency.ines), [database.count(kind) for kind in (Rating, RatingRequest, SuspectAnswer)]
    page = ines.get("/staff/survey")
    page.form("/test-mail").submit()
    mail = mailbox.one()
    assert mail["To"].endswith("<ines@example.org>")
    assert mail["Subject"].startswith("TEST")
    assert "/staff/survey/test?stars=4" in text_of(mail)
    assert "/r/" not in text_of(mail) + text_of(mail, "html"), "its links open the test alone"
    tried = ines.get("/staff/survey/test?stars=4")
    assert "TEST" in tried.h1
    answered = tried.form("/survey/test").submit(stars="2", comment="Essai")
    assert "TEST · Thank you" in answered.words
    assert ines.act("/staff/survey/test", {"stars": "9"}).status == 422
    assert [database.count(kind) for kind in (Rating, RatingRequest, SuspectAnswer)] == kept
    assert database.one(select(Message.state).where(Message.kind == "ratings.test")) == "sent"
