"""Trying a survey out leaves nothing behind."""

from sqlalchemy import select

from portal.extensions import db
from portal.outbox.models import Message
from portal.outbox.text_models import MessageText
from portal.ratings.models import Rating, RatingRequest, SuspectAnswer
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import AGENCY, Agency


def test_a_test_says_so_everywhere_and_nothing_of_it_is_kept(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    ines, kept = sign_in(agency.ines), [database.count(kind) for kind in (Rating, RatingRequest, SuspectAnswer)]
    page = ines.get("/staff/survey")
    page.form("/test-mail").submit()
    mail = mailbox.one()
    assert mail["To"].endswith("<ines@example.org>")
    assert mail["Subject"].startswith("[TEST]")
    assert "/staff/survey/test?stars=4" in text_of(mail)
    assert "/r/" not in text_of(mail) + text_of(mail, "html"), "its links open the test alone"
    tried = ines.get("/staff/survey/test?stars=4")
    assert "TEST" in tried.h1
    answered = tried.form("/survey/test").submit(stars="2", comment="Essai")
    assert "TEST · Thank you" in answered.words
    assert ines.act("/staff/survey/test", {"stars": "9"}).status == 422
    assert [database.count(kind) for kind in (Rating, RatingRequest, SuspectAnswer)] == kept
    assert database.one(select(Message.state).where(Message.kind == "ratings.test")) == "sent"


def test_the_test_mail_has_the_agencys_own_text(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    body = "Cher {client.name}, merci pour {visit.service}.\n\n{rating.star_links}\n\nJusqu’au {rating.expires_on}"
    with database.writing():
        for language in ("fr", "en"):
            db.session.add(MessageText(kind="ratings.request", language=language, channel="mail", version=1,
                                       subject="Un mot de {agency.name}", body=body))  # fmt: skip
    sign_in(agency.ines).get("/staff/survey").form("/test-mail").submit()
    mail = mailbox.one()
    assert mail["Subject"] == f"[TEST] Un mot de {AGENCY}"
    for part in (text_of(mail), text_of(mail, "html")):
        assert "Cher Inès" in part
        assert "rien n’est compté" in part
        assert "/staff/survey/test?stars=4" in part
        assert "/r/" not in part
        assert "{" not in part.partition("Cher")[2].partition("</body>")[0]
